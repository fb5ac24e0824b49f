"""Every check of the centre: the database first, then who works with it, then this machine."""

from broker_bridge.doctor import machine_checks, store_checks
from broker_bridge.doctor.examining import Check

DATABASE, SCHEMA = "database", "schema"
BALANCE_S = 60.0  # it adds up every gateway's ledger

CHECKS = (
    Check(id=DATABASE, look=store_checks.database, within_s=25.0),
    Check(id=SCHEMA, look=store_checks.schema, needs=(DATABASE,)),
    Check(id="disk", look=store_checks.disk, needs=(SCHEMA,)),
    Check(id="retention", look=store_checks.retention, needs=(SCHEMA,)),
    Check(id="broker", look=machine_checks.broker),
    Check(id="bridges", look=store_checks.bridges, needs=(SCHEMA,)),
    Check(id="gateways", look=store_checks.gateways, needs=(SCHEMA,)),
    Check(id="certificates", look=machine_checks.certificates),
    Check(id="clock", look=machine_checks.clock),
    Check(id="database clock", look=machine_checks.database_clock, needs=(SCHEMA,)),
    Check(id="balance", look=store_checks.balance, needs=(SCHEMA,), within_s=BALANCE_S),
    Check(id="quarantine", look=store_checks.quarantine, needs=(SCHEMA,)),
    Check(id="backup", look=machine_checks.backup),
)
