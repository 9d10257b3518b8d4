"""What can be checked by others: verdict files, and their recheck."""
