"""The vendor kiosk for labelloop, and a small service that speaks as Kiosk does."""
