"""The kit that every service is built with; it knows none of them."""
