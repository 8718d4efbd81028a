"""Accounts: the row, the password hash and the role of every user."""
