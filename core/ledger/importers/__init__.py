"""What brokers export, read: text in, neutral rows and drafts out; one file per broker's layout."""
