"""What a dataset is made of: rows by birth class, and the breakdowns that are sums over them."""
