"""The city's side of the wire: takes batches from the broker and writes the store, exactly once."""
