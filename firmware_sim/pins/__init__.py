"""A gateway's pins: the world behind them, and the gpiozero factory that lets an agent see it."""
