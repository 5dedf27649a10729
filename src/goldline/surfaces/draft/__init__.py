"""The draft checker: a text is read before it is published, and shown with what in it breaks which clause."""
