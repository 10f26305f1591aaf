"""One run as arrays: what it computes, before anything is printed or written."""
