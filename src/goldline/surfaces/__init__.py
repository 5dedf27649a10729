"""Where people and programs meet the engine: command line, API and pages."""
