"""What `nadi doctor` can find wrong with a gateway."""

from provisioning.errors import Known
from provisioning.known.usage import NOTHING
from provisioning.language import mark
from provisioning.outcome import Exit

KEPT = mark("Readings are kept on the card; none is lost.")
READS_ON = mark("The other devices are read as before.")
LOOKED = mark("This only looked; nothing was changed.")


def _known(code: str, what: str, safe: str, fix: str, ends: Exit = Exit.FAULT) -> Known:
    return Known(code=code, exit=ends, what=what, safe=safe, fix=fix)


KNOWN = (
    _known(
        "E-DOCTOR-01",
        mark("There is no check {name}."),
        NOTHING,
        mark("Nearest: {nearest}. All of them: `nadi doctor --list`"),
        Exit.USAGE,
    ),
    _known(
        "E-DOCTOR-02",
        mark("The settings cannot be used: {what}"),
        LOOKED,
        mark("Mend it: {hint}"),
    ),
    _known(
        "E-DOCTOR-03",
        mark("This machine has no settings: there is no {file}."),
        LOOKED,
        mark("Enrol it as a gateway, or name the file with --settings."),
    ),
    _known(
        "E-DOCTOR-04",
        mark("A check itself failed: {why}"),
        LOOKED,
        mark("Send the report to your operator: `sudo nadi doctor --report report.tar.gz`"),
    ),
    _known(
        "E-CLOCK-01",
        mark("The clock is wrong: it says {now}, and {past} has been already."),
        mark("Readings are kept, and dated once the time is known."),
        mark("Connect a network, or set the clock: `sudo timedatectl set-time TIME`"),
    ),
    _known(
        "E-CLOCK-02",
        mark("Nobody vouches for the clock; it says {now}."),
        mark("Readings are kept, and dated once the time is known."),
        mark("Compare it with your watch; with a network it sets itself."),
    ),
    _known(
        "E-CARD-01",
        mark("The card is read-only."),
        mark("What is on it stays; new readings wait in memory."),
        mark("Replace the card; it is often worn out when this happens."),
    ),
    _known(
        "E-CARD-02",
        mark("The card is nearly full: {free} MB of {size} MB are free."),
        mark("When it is full, settled readings go first, then the least valuable ones."),
        mark("Delete what is not ours, or carry the readings to town: copy them to a stick."),
    ),
    _known(
        "E-CARD-03",
        mark("There is no folder {folder} for readings that can be looked at: {why}"),
        mark("Without it nothing can be kept."),
        mark("Start the agent once: `sudo systemctl start nadi-agent`"),
    ),
    _known(
        "E-CARD-04",
        mark("{worn} % of the card's life is used."),
        KEPT,
        mark("Order a new card, and replace it at the next visit."),
    ),
    _known(
        "E-POWER-01",
        mark("The voltage is too low."),
        mark("A power cut loses at most the round that is being read."),
        mark("Use the Pi's own power supply and a short, thick cable."),
    ),
    _known(
        "E-POWER-02",
        mark("The processor is slowed down for heat or low voltage."),
        KEPT,
        mark("Shade the box, open its vents, and look at the power supply."),
    ),
    _known(
        "E-AGENT-01",
        mark("The agent does not answer: {why}"),
        mark("What it sealed is safe on the card; new readings are not read."),
        mark("Start it, and read why it stopped: `sudo systemctl restart nadi-agent`"),
    ),
    _known(
        "E-OUTBOX-01",
        mark("The agent cannot seal: {why}"),
        mark("Readings wait in memory only."),
        mark("Free some space, or replace the card."),
    ),
    _known(
        "E-OUTBOX-02",
        mark("There is room for {days} more days; {count} readings wait."),
        KEPT,
        mark("Mend the way to the city, or carry the readings to town on a stick."),
    ),
    _known(
        "E-OUTBOX-03",
        mark("{count} readings were given up: {why}"),
        mark("They are lost, and the city is told which."),
        mark("Look at the card; the city's balance names their time."),
    ),
    _known(
        "E-LINE-01",
        mark("{port} is missing."),
        READS_ON,
        mark("Plug in the adapter, then look again: `nadi doctor {id}`"),
    ),
    _known(
        "E-LINE-02",
        mark("{where} does not answer: {why}"),
        READS_ON,
        mark("See that what serves the line runs, then look again: `nadi doctor {id}`"),
    ),
    _known(
        "E-DEVICE-01",
        mark("{asset} gives nothing: {why}"),
        READS_ON,
        mark("Look at its power and its cable, then look again: `nadi doctor {id}`"),
    ),
    _known(
        "E-DEVICE-02",
        mark("{asset} answers, and these values are implausible: {values}"),
        mark("They are kept, and marked suspect."),
        mark("Compare with the device's own display."),
    ),
    _known(
        "E-ROUTE-01",
        mark("The name {host} is not known here: {why}"),
        KEPT,
        mark("Look at the network's name server, or at broker.host in the settings."),
    ),
    _known(
        "E-ROUTE-02",
        mark("{host}:{port} does not take connections: {why}"),
        KEPT,
        mark("Ask your operator whether the broker runs; compare address and port."),
    ),
    _known(
        "E-ROUTE-03",
        mark("{host}:{port} gives no answer within 3 s."),
        KEPT,
        mark("Look at fibre, modem and SIM; then look again: `nadi doctor route`"),
    ),
    _known(
        "E-TLS-01",
        mark("The gateway's certificate expired on {day}."),
        KEPT,
        mark("Enrol the gateway again, by network or stick."),
    ),
    _known(
        "E-TLS-02",
        mark("The gateway's certificate is not yet valid: it begins on {day}."),
        KEPT,
        mark("Compare the clock with your watch: `nadi doctor clock`"),
    ),
    _known(
        "E-TLS-03",
        mark("The gateway's certificate is revoked."),
        KEPT,
        mark("Ask your operator why; coming back needs a new enrolment."),
    ),
    _known(
        "E-TLS-04",
        mark("Wrong authority: the broker's certificate is not from this gateway's city."),
        KEPT,
        mark("Compare host, port and ca_file in the settings with the office's."),
    ),
    _known(
        "E-TLS-05",
        mark("Wrong authority: the broker does not know who signed this gateway's certificate."),
        KEPT,
        mark("Enrol the gateway again with a bundle of this city."),
    ),
    _known(
        "E-TLS-06",
        mark("The broker's certificate has expired."),
        KEPT,
        mark("Tell your operator; in the office: `nadi authority status`"),
    ),
    _known(
        "E-TLS-07",
        mark("The broker's certificate is not yet valid."),
        KEPT,
        mark("Compare the clock with your watch: `nadi doctor clock`"),
    ),
    _known(
        "E-TLS-08",
        mark("The broker's certificate is for another address than {host}."),
        KEPT,
        mark("Write in the settings the address that the broker's certificate names."),
    ),
    _known(
        "E-TLS-09",
        mark("Wrong clock: at {now} no certificate can be judged."),
        KEPT,
        mark("Set the clock first: `nadi doctor clock`"),
    ),
    _known(
        "E-TLS-10",
        mark("TLS with the broker fails: {why}"),
        KEPT,
        mark("Read this line to your operator."),
    ),
    _known(
        "E-TLS-11",
        mark("Certificate and key cannot be used: {why}"),
        KEPT,
        mark("Enrol the gateway again, by network or stick."),
    ),
    _known(
        "E-TLS-12",
        mark("The certificate ends on {day} and should have renewed itself by now."),
        mark("It is valid until then; readings are sent as before."),
        mark("See what stops it: `nadi gateway renew`; or bring a new bundle in time."),
    ),
    _known(
        "E-BROKER-04",
        mark("The agent has no session with the broker: {why}"),
        KEPT,
        mark("It tries again by itself; if it stays so, read this line to your operator."),
    ),
    _known(
        "E-TRACE-01",
        mark("{asset} has nothing new to say: it reports by itself."),
        LOOKED,
        mark("Wait for its next report, then try again: `nadi doctor --trace {asset}`"),
    ),
    _known(
        "E-TRACE-02",
        mark("{asset} cannot be followed: {why}"),
        LOOKED,
        mark("Compare its number with the settings: `nadi doctor --list`"),
    ),
    _known(
        "E-TRACE-03",
        mark("Batch {n} was read and sealed, and the city will not take it."),
        mark("Its bytes are kept in the city's quarantine with the reason, or named as lost."),
        mark("Read this line to your operator."),
    ),
    _known(
        "E-TRACE-04",
        mark("Batch {n} is on its way, and no receipt came within {seconds} s."),
        KEPT,
        mark("Ask your operator whether the bridge and the database run."),
        Exit.TIMEOUT,
    ),
    _known(
        "E-RECEIPT-01",
        mark("{count} batches are with the city, and it has said nothing for {seconds} s."),
        KEPT,
        mark("Ask your operator whether the bridge and the database run."),
    ),
    _known(
        "E-RECEIPT-02",
        mark("The city never said anything to this gateway."),
        KEPT,
        mark("Ask your operator whether the bridge runs."),
    ),
)
