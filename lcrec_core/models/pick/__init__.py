"""What somebody will pick next: an LSTM over their ratings with a softmax over the whole catalogue."""
