# tests/collectors/nccl
"""NCCL's side of its profiler plugins: the tables ncclProfiler_v1 to _v5 of a library, called as NCCL calls them.

The structures are written down from NCCL's own headers, not from the collector's: a test of the layouts too.
"""

import ctypes as c

GROUP, COLL, P2P, PROXY_OP, PROXY_STEP, PROXY_CTRL, KERNEL_CH, NET_PLUGIN = (1 << n for n in range(8))
GROUP_API, COLL_API, P2P_API, KERNEL_LAUNCH = (1 << n for n in range(8, 12))

SEND_GPU_WAIT, SEND_WAIT, RECV_WAIT, RECV_FLUSH_WAIT, RECV_GPU_WAIT, SEND_PEER_WAIT = 8, 9, 10, 11, 12, 20
KERNEL_CH_STOP = 22

POINTER, TEXT = c.c_void_p, c.c_char_p


def struct(**fields):
    return type("Struct", (c.Structure,), {"_fields_": list(fields.items())})


NAMED = {"name": TEXT, "commHash": c.c_uint64}
BUFFERS = {"sendBuff": POINTER, "recvBuff": POINTER, "count": c.c_size_t, "root": c.c_int}
PROXY_OPERATION = struct(pid=c.c_int, channelId=c.c_uint8, peer=c.c_int, nSteps=c.c_int, chunkSize=c.c_int,
                         isSend=c.c_int)
STEP = struct(step=c.c_int)
NET = struct(id=c.c_int64, data=POINTER)
COLL_4 = {"seqNumber": c.c_uint64, "func": TEXT, **BUFFERS, "datatype": TEXT, "nChannels": c.c_uint8,
          "nWarps": c.c_uint8, "algo": TEXT, "proto": TEXT}
P2P_2 = {"func": TEXT, "buff": POINTER, "datatype": TEXT, "count": c.c_size_t, "peer": c.c_int}

UNIONS = {
    1: {"coll": struct(**NAMED, seqNumber=c.c_uint64, func=c.c_uint8, **BUFFERS, datatype=c.c_uint8, op=c.c_uint32,
                       trafficBytes=c.c_size_t, nMaxChannels=c.c_uint8, nWarps=c.c_uint8, algo=c.c_uint8,
                       proto=c.c_uint8, isCollnet=c.c_int, isNvls=c.c_int),
        "p2p": struct(**NAMED, func=c.c_uint8, buff=POINTER, datatype=c.c_uint8, count=c.c_size_t, peer=c.c_int)},
    2: {"coll": struct(**NAMED, seqNumber=c.c_uint64, func=TEXT, **BUFFERS, datatype=TEXT, trafficBytes=c.c_size_t,
                       nMaxChannels=c.c_uint8, nWarps=c.c_uint8, algo=TEXT, proto=TEXT),
        "p2p": struct(**NAMED, **P2P_2)},
    3: {"coll": struct(**NAMED, seqNumber=c.c_uint64, func=TEXT, **BUFFERS, datatype=TEXT, nMaxChannels=c.c_uint8,
                       nWarps=c.c_uint8, algo=TEXT, proto=TEXT),
        "p2p": struct(**NAMED, **P2P_2), "kernelCh": struct(channelId=c.c_uint8), "netPlugin": NET},
    4: {"coll": struct(**COLL_4), "p2p": struct(**P2P_2, nChannels=c.c_uint8),
        "kernelCh": struct(channelId=c.c_uint8, pTimer=c.c_uint64), "netPlugin": NET},
    5: {"coll": struct(**COLL_4, parentGroup=POINTER), "p2p": struct(**P2P_2, nChannels=c.c_uint8, parentGroup=POINTER),
        "kernelCh": struct(channelId=c.c_uint8, pTimer=c.c_uint64), "netPlugin": NET,
        "groupApi": struct(graphCaptured=c.c_bool, groupDepth=c.c_int),
        "collApi": struct(func=TEXT, count=c.c_size_t, datatype=TEXT, root=c.c_int, stream=POINTER,
                          graphCaptured=c.c_bool),
        "p2pApi": struct(func=TEXT, count=c.c_size_t, datatype=TEXT, stream=POINTER, graphCaptured=c.c_bool),
        "kernelLaunch": struct(stream=POINTER)},
}

INIT = {
    1: c.CFUNCTYPE(c.c_int, c.POINTER(POINTER), c.POINTER(c.c_int)),
    4: c.CFUNCTYPE(c.c_int, c.POINTER(POINTER), c.POINTER(c.c_int), TEXT, c.c_uint64, c.c_int, c.c_int, c.c_int,
                   POINTER),
    5: c.CFUNCTYPE(c.c_int, c.POINTER(POINTER), c.c_uint64, c.POINTER(c.c_int), TEXT, c.c_int, c.c_int, c.c_int,
                   POINTER),
}
INIT[2] = INIT[3] = INIT[1]


class Plugin:
    """One table of a library."""

    def __init__(self, library, version):
        self.version = version
        union = type("Union", (c.Union,), {"_fields_": [*UNIONS[version].items(), ("proxyOp", PROXY_OPERATION),
                                                        ("proxyStep", STEP)]})
        kind = c.c_uint64 if version == 5 else c.c_uint8
        self.descriptor = type("Descriptor", (c.Structure,), {"_fields_": [
            ("type", kind), ("parentObj", POINTER), ("rank", c.c_int), ("event", union)]})
        table = type("Table", (c.Structure,), {"_fields_": [
            ("name", TEXT), ("init", INIT[version]),
            ("start", c.CFUNCTYPE(c.c_int, POINTER, c.POINTER(POINTER), c.POINTER(self.descriptor))),
            ("stop", c.CFUNCTYPE(c.c_int, POINTER)),
            ("record", c.CFUNCTYPE(c.c_int, POINTER, c.c_int, POINTER)),
            ("finalize", c.CFUNCTYPE(c.c_int, POINTER))]})
        self.table = table.in_dll(c.CDLL(library), f"ncclProfiler_v{version}")


class Communicator:
    """One rank of a communicator: a context of the plugin. Every call of the table must succeed."""

    def __init__(self, plugin, identifier=0x1234, name=b"world", ranks=8, rank=0):
        self.plugin, self.identifier, self.name, self.rank = plugin, identifier, name, rank
        self.context, mask = POINTER(), c.c_int(-1)
        if plugin.version == 5:
            arguments = (identifier, c.byref(mask), name, 1, ranks, rank, None)
        elif plugin.version == 4:
            arguments = (c.byref(mask), name, identifier, 1, ranks, rank, None)
        else:
            arguments = (c.byref(mask),)
        assert plugin.table.init(c.byref(self.context), *arguments) == 0
        self.mask = mask.value

    def start(self, kind, parent=None, **event):
        """The handle, None where the plugin keeps no event. event: the union's member and its fields."""
        descriptor = self.plugin.descriptor(type=kind, parentObj=parent, rank=self.rank)
        for member, fields in event.items():
            place = getattr(descriptor.event, member)
            for name, value in fields.items():
                setattr(place, name, value)
        handle = POINTER(0xDEAD)  # NCCL leaves what was there
        assert self.plugin.table.start(self.context, c.byref(handle), c.byref(descriptor)) == 0
        assert handle.value != 0xDEAD, "the plugin left a handle unset"
        return handle.value

    def stop(self, handle):
        assert self.plugin.table.stop(handle) == 0

    def record(self, handle, state, timer=None):
        arguments = None if timer is None else c.byref(c.c_uint64(timer))
        assert self.plugin.table.record(handle, state, arguments) == 0

    def finalize(self):
        assert self.plugin.table.finalize(self.context) == 0

    # What NCCL does for a collective, in its words of each version.

    def coll(self, sequence, count=256, channels=2, parent=None, func="AllReduce", root=0):
        fields = {"seqNumber": sequence, "count": count, "root": root, "sendBuff": 0x1000, "recvBuff": 0x2000}
        if self.plugin.version == 1:
            functions = ["Broadcast", "Reduce", "AllGather", "ReduceScatter", "AllReduce"]
            fields |= {"func": functions.index(func), "datatype": 9, "algo": 1, "proto": 2}  # bfloat16, RING, SIMPLE
        else:
            fields |= {"func": func.encode(), "datatype": b"ncclBfloat16", "algo": b"RING", "proto": b"SIMPLE"}
        if self.plugin.version <= 3:
            fields |= {"name": self.name, "commHash": self.identifier, "nMaxChannels": channels}
        else:
            fields["nChannels"] = channels
        return self.start(COLL, parent, coll=fields)

    def p2p(self, func, peer, count=64, channels=1, parent=None):
        fields = {"count": count, "peer": peer, "buff": 0x3000}
        if self.plugin.version == 1:
            fields |= {"func": {"Send": 6, "Recv": 7}[func], "datatype": 7}  # float32
        else:
            fields |= {"func": func.encode(), "datatype": b"ncclFloat32"}
        if self.plugin.version <= 3:
            fields |= {"name": self.name, "commHash": self.identifier}
        else:
            fields["nChannels"] = channels
        return self.start(P2P, parent, p2p=fields)

    def coll_api(self, captured=False, func=b"AllReduce", count=256):
        return self.start(COLL_API, collApi={"func": func, "count": count, "datatype": b"ncclBfloat16",
                                             "graphCaptured": captured})

    def kernel(self, parent, channel, begin=0, end=0):
        """A channel of a collective's kernel from its start to its end; the GPU's timer from version 4 on."""
        fields = {"channelId": channel}
        if self.plugin.version >= 4:
            fields["pTimer"] = begin
        handle = self.start(KERNEL_CH, parent, kernelCh=fields)
        if self.plugin.version >= 4:
            self.record(handle, KERNEL_CH_STOP, end)
        self.stop(handle)

    def proxy_op(self, parent, pid, channel=0, peer=1, send=True):
        return self.start(PROXY_OP, parent, proxyOp={"pid": pid, "channelId": channel, "peer": peer, "nSteps": 2,
                                                     "chunkSize": 4096, "isSend": int(send)})

    def proxy_step(self, operation, states):
        handle = self.start(PROXY_STEP, operation, proxyStep={"step": 0})
        for state in states:
            self.record(handle, state)
        self.stop(handle)
