"""What the surfaces read from the engine's record: lists with cursors, and the live overview. Reading only."""
