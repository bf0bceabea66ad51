"""Reads a TensorBoard event file with nothing of ours and no package: prints one JSON object an event.

Record framing, CRC-32C and protobuf's wire format are written anew here, from their specifications, and every record
that does not fit them ends the program with an error.
"""

import json
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        length_bytes = data[at : at + 8]
        (length,) = struct.unpack("<Q", length_bytes)
        (length_crc,) = struct.unpack("<I", data[at + 8 : at + 12])
        message = data[at + 12 : at + 12 + length]
        (message_crc,) = struct.unpack("<I", data[at + 12 + length : at + 16 + length])
        assert length_crc == masked(length_bytes), f"length of the record at {at}: wrong checksum"
        assert message_crc == masked(message), f"record at {at}: wrong checksum"
        yield message
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
        shift += 7


def fields(data):
    """[(number, value)]: bytes where the field has a length, else an integer, or 8 or 4 raw bytes."""
    found, at = [], 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            size = {1: 8, 5: 4}[kind]
            value, at = data[at : at + size], at + size
        found.append((key >> 3, value))
    return found


def one(found, number, otherwise=None):
    values = [value for key, value in found if key == number]
    assert len(values) <= 1, f"field {number} twice"
    return values[0] if values else otherwise


def value_of(data):
    found = fields(data)
    value = {"tag": one(found, 1).decode()}
    if one(found, 2) is not None:
        value["simple_value"] = struct.unpack("<f", one(found, 2))[0]
    if one(found, 9) is not None:
        value["plugin"] = one(fields(one(fields(one(found, 9)), 1)), 1).decode()
    if one(found, 8) is not None:
        tensor = fields(one(found, 8))
        value["dtype"] = one(tensor, 1)
        value["shape"] = [one(fields(dim), 1) for _, dim in fields(one(tensor, 2))]
        value["text"] = [text.decode() for number, text in tensor if number == 8]
    return value


def event_of(data):
    found = fields(data)
    event = {"wall_time": struct.unpack("<d", one(found, 1))[0], "step": one(found, 2, 0)}
    if one(found, 3) is not None:
        event["file_version"] = one(found, 3).decode()
    if one(found, 7) is not None:
        event["session"] = one(fields(one(found, 7)), 1)
    if one(found, 5) is not None:
        event["values"] = [value_of(value) for number, value in fields(one(found, 5)) if number == 1]
    return event


for path in sys.argv[1:]:
    with open(path, "rb") as file:
        for record in records(file.read()):
            print(json.dumps(event_of(record)))
