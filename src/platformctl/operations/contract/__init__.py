"""What the services promise, as rows of promises that ask and expect; nothing is sent from here."""
