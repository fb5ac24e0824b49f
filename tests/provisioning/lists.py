"""A list of assets as an office has it, and what can be done to it."""

HEADER = ("kind", "id", "name", "latitude", "longitude", "kelurahan", "gateway")
LAMP = ("streetlight", "PJU-0001", "Jl. Betoambari 12", "-5.4702", "122.5969", "74.72.06.1007")
GOOD = (
    (*LAMP, "bb-0001"),
    ("waste_bin", "TPS-0001", "Pasar Wameo", "-5.4655", "122.5985", "74.72.08.1003", "bb-0001"),
    ("camera", "CAM-0001", "Kantor é Wali Kota", "-5.4671", "122.6012", "", "bb-0002"),
    ("access_point", "AP-0001", "", "-5.4671", "122.6013", "", ""),
    ("gateway", "bb-0002", "Kantor Wali Kota", "-5.4670", "122.6012", "74.72.06.1009", ""),
)


def written(rows: tuple[tuple[str, ...], ...] = GOOD, *, separator: str = ",") -> str:
    """The list as a CSV file has it."""
    return "".join(separator.join(row) + "\r\n" for row in (HEADER, *rows))


def lamp(**other: str) -> tuple[str, ...]:
    """One streetlight with some cells of its own."""
    row = dict(zip(HEADER, GOOD[0], strict=True)) | other
    return tuple(row.values())
