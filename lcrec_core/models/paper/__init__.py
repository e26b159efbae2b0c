"""The paper's combined LSTM & CNN network, and its two halves."""
