"""Going back to any moment, between backups: by base backups and the write-ahead log since."""
