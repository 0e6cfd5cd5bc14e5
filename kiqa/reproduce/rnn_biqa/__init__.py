"""Tables of the RNN-BIQA paper."""
