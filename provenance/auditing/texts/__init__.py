"""What measures read of the data itself: text as people read it, words, groups and pools of texts."""
