"""SNMP as bytes and as an agent on a UDP port."""
