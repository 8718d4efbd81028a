"""Items: what users own."""
