"""What measures read of the data itself: words, groups, pools and overlaps of texts."""
