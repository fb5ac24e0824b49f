"""Modbus units, byte for byte, on a serial line or on the network."""
