# tests/collectors/nccl
"""What NCCL does to a profiler plugin, a function each: python scenarios.py LIBRARY SCENARIO [ARGUMENTS].

Prints what the test wants to know of the plugin's answers; the rows are read from the run database.
"""

import ctypes
import os
import signal
import sys
import threading
import time

from plugin import (Communicator, Plugin, COLL, COLL_API, GROUP, GROUP_API, KERNEL_CH, KERNEL_CH_STOP, KERNEL_LAUNCH,
                    P2P_API, PROXY_OP, PROXY_STEP, RECV_GPU_WAIT, RECV_WAIT, SEND_GPU_WAIT, SEND_PEER_WAIT, SEND_WAIT)

LIBRARY = sys.argv[1]


def plugin(version=5):
    return Plugin(LIBRARY, version)


def version(number):
    """A collective and both sides of a transfer, as NCCL tells them through this version."""
    world = Communicator(plugin(int(number)), rank=3)
    print(world.mask)
    group = world.start(GROUP)
    api = world.coll_api() if world.plugin.version == 5 else group
    collective = world.coll(sequence=7, parent=api)
    send, receive = world.p2p("Send", peer=5, parent=group), world.p2p("Recv", peer=2, parent=group)
    for handle in (collective, send, receive, api, group):
        if handle != 1 or handle == group:
            world.stop(handle)
    if world.plugin.version >= 3:
        world.kernel(collective, 0, 1_000, 5_000)
        world.kernel(collective, 1, 1_200, 6_000)
        world.kernel(send, 0, 2_000, 2_500)
        world.kernel(receive, 0, 3_000, 3_300)
    world.finalize()


def masks():
    for number in range(1, 6):
        world = Communicator(plugin(number))
        print(world.mask, "context" if world.context.value else "none")
        world.finalize()


def replays(fold="10"):
    """One collective captured into a graph and replayed: its call once, then coll and 24 kernelCh a replay, with its
    own thread for what the proxy tells. The parent stops before its children; NCCL counts replays as collectives."""
    world = Communicator(plugin())
    group = world.start(GROUP_API, groupApi={"graphCaptured": True, "groupDepth": 1})
    api = world.coll_api(captured=True)
    world.stop(api)
    world.stop(group)
    collectives = []
    for replay in range(int(fold)):
        collectives.append(world.coll(sequence=4 + replay, channels=24, parent=api))
        world.stop(collectives[-1])

    def proxy():
        for replay, handle in enumerate(collectives, 1):
            for channel in range(24):
                world.kernel(handle, channel, 100_000 * replay + channel, 100_000 * replay + 5_000 + channel)

    thread = threading.Thread(target=proxy)
    thread.start()
    thread.join()
    world.finalize()


def same_number():
    """A collective replayed where NCCL tells of no kernels (version 2): it does not count replays, so that the number
    comes again and again, here among another operation's, which has numbers of its own."""
    world = Communicator(plugin(2), ranks=2)
    for func, sequence in (("AllReduce", 1), ("AllReduce", 2), ("AllGather", 2), ("AllReduce", 2), ("AllReduce", 2),
                           ("AllReduce", 3), ("AllGather", 3)):
        world.stop(world.coll(sequence, func=func))
    world.finalize()


def null_handles():
    """What NCCL passes where the plugin kept nothing, and handles that are no longer any."""
    world = Communicator(plugin())
    for handle in (None, 1, 0x7FFF12345678, 2**63):
        world.stop(handle)
        world.record(handle, KERNEL_CH_STOP, 5)
        world.record(handle, SEND_WAIT)
        world.record(handle, KERNEL_CH_STOP)
        print(world.start(KERNEL_CH, handle, kernelCh={"channelId": 1, "pTimer": 9}),
              world.start(PROXY_OP, handle, proxyOp={"pid": os.getpid()}), world.start(PROXY_STEP, handle))
    good = world.coll(sequence=1, parent=0x7FFF12345678)
    world.stop(good)
    world.stop(good)
    table = world.plugin.table
    assert table.start(world.context, None, None) == 0
    handle = ctypes.c_void_p(5)
    assert table.start(world.context, ctypes.byref(handle), None) == 0 and handle.value is None
    handle.value = 5
    descriptor = world.plugin.descriptor(type=COLL)
    assert table.start(None, ctypes.byref(handle), ctypes.byref(descriptor)) == 0 and handle.value is None
    assert table.finalize(None) == 0
    for kind in (KERNEL_LAUNCH, 1 << 5, 1 << 7, 1 << 20, 0):
        assert world.start(kind) is None, kind
    world.kernel(good, 0, 10, 20)
    world.kernel(good, 1, 10, 20)
    world.finalize()


def proxies():
    """Network operations of a collective, one of them for another process of the machine."""
    world = Communicator(plugin(), ranks=16)
    collective = world.coll(sequence=1)
    world.stop(collective)
    send = world.proxy_op(collective, os.getpid(), channel=1, peer=4, send=True)
    receive = world.proxy_op(collective, os.getpid(), channel=1, peer=14, send=False)
    foreign = world.proxy_op(0x1234567, os.getppid(), channel=2, peer=6)
    print(foreign)
    for _ in range(3):
        world.proxy_step(send, [SEND_GPU_WAIT, SEND_PEER_WAIT, SEND_WAIT])
    for _ in range(2):
        world.proxy_step(receive, [RECV_WAIT, RECV_GPU_WAIT])
    world.proxy_step(foreign, [SEND_WAIT])
    for handle in (send, receive, foreign):
        world.stop(handle)
    world.kernel(collective, 0, 100, 400)
    world.kernel(collective, 1, 150, 450)
    world.finalize()


def full_pool():
    """More collectives under way than the collector has room for; then room again."""
    world = Communicator(plugin(), ranks=2)
    handles = [world.coll(sequence) for sequence in range((1 << 16) + 100)]
    print(sum(handle is None for handle in handles))
    for handle in handles:
        world.stop(handle)
        if handle is None:
            world.kernel(handle, 0, 1, 2)
    kept = [handle for handle in handles if handle is not None]
    world.finalize()  # "detaches" what is under way
    del kept
    deadline = time.monotonic() + 60
    again = Communicator(plugin(), identifier=0x99, ranks=1)
    while (handle := again.coll(sequence=5)) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    again.stop(handle)
    again.finalize()


def threads():
    """Two communicators, each with a thread of the program and one of NCCL's."""
    worlds = [Communicator(plugin(), identifier=100 + n, name=b"of thread", rank=n, ranks=2) for n in range(2)]

    def program(world):
        proxies = []
        for sequence in range(500):
            api = world.coll_api()
            handle = world.coll(sequence, parent=api)
            world.stop(api)
            world.stop(handle)
            if sequence % 2:
                proxies.append(handle)
            else:
                world.kernel(handle, 0, sequence, sequence + 10)
                world.kernel(handle, 1, sequence, sequence + 10)
        late = threading.Thread(target=lambda: [world.kernel(handle, channel, 1, 11)
                                                for handle in proxies for channel in range(2)])
        late.start()
        late.join()

    running = [threading.Thread(target=program, args=(world,)) for world in worlds]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    for world in worlds:
        world.finalize()


def fork():
    """The child has what its parent has, and uses it, as no program should; then a communicator of its own."""
    world = Communicator(plugin(), ranks=2)
    before = world.coll(sequence=1)
    world.stop(before)
    child = os.fork()
    if child == 0:
        world.kernel(before, 0, 10, 20)
        world.stop(world.coll(sequence=2))
        world.finalize()
        own = Communicator(plugin(), identifier=0x77, name=b"child", ranks=1)
        own.stop(own.coll(sequence=3))
        own.finalize()
        sys.exit(0)
    print(os.waitpid(child, 0)[1])
    world.kernel(before, 0, 10, 20)
    world.kernel(before, 1, 10, 20)
    world.finalize()


def ranges(library, number="5"):
    """Collectives under NVTX ranges: eager ones, and one that is captured under ranges and replayed on another thread,
    under another's. Without calls (version 4), what is not captured is enqueued on the thread that called."""
    nvtx = ctypes.CDLL(library)
    world = Communicator(plugin(int(number)), ranks=2)
    handles = []

    def collective(sequence, parent=None):
        handles.append(world.coll(sequence, parent=parent))
        world.stop(handles[-1])

    def call(captured=False):
        if world.plugin.version < 5:
            return None
        api = world.coll_api(captured)
        world.stop(api)
        return api

    for layer in (b"layer 0", b"layer 1"):
        nvtx.push_range(b"backward")
        nvtx.push_range(layer)
        sequence = int(layer[-1:])
        collective(sequence, call())
        nvtx.pop_range()
        if sequence == 0:
            collective(10, call())
        nvtx.pop_range()
    collective(11, call())
    if world.plugin.version == 5:
        nvtx.push_range(b"captured")
        nvtx.push_range(b"mlp")
        api = call(captured=True)
        nvtx.pop_range()
        nvtx.pop_range()

        def replay():
            nvtx.push_range(b"of the thread of replays")
            for replay in range(3):
                time.sleep(0.15)  # the call is read long before
                collective(20 + replay, api)
            nvtx.pop_range()

        thread = threading.Thread(target=replay)
        thread.start()
        thread.join()
    for handle in handles:
        world.kernel(handle, 0, 10, 20)
        world.kernel(handle, 1, 10, 20)
    world.finalize()


def late():
    """A collective that takes seconds, as where a rank is late, and one that waits behind it."""
    world = Communicator(plugin(), ranks=2)
    first, behind = world.coll(sequence=1), world.coll(sequence=2)
    world.stop(first)
    world.stop(behind)
    world.kernel(first, 0, 10, 20)
    channel = world.start(KERNEL_CH, first, kernelCh={"channelId": 1, "pTimer": 10})
    time.sleep(2)
    world.record(channel, KERNEL_CH_STOP, 30)
    world.stop(channel)
    world.kernel(behind, 0, 40, 50)
    world.kernel(behind, 1, 40, 50)
    time.sleep(2)
    world.finalize()


def kill():
    """Killed with a collective done and one halfway: its second channel has begun."""
    world = Communicator(plugin(), ranks=2)
    done, halfway = world.coll(sequence=1), world.coll(sequence=2)
    for handle in (done, halfway):
        world.stop(handle)
        world.kernel(handle, 0, 10, 20)
    world.kernel(done, 1, 10, 20)
    world.start(KERNEL_CH, halfway, kernelCh={"channelId": 1, "pTimer": 10})
    time.sleep(2.5)  # the file has what is older than a second
    os.kill(os.getpid(), signal.SIGKILL)


def storm():
    """Collectives one after another until somebody kills the program."""
    world = Communicator(plugin(), ranks=2)
    sequence = 0
    while True:
        handle = world.coll(sequence)
        world.stop(handle)
        world.kernel(handle, 0, 10, 20)
        world.kernel(handle, 1, 10, 20)
        sequence += 1
        time.sleep(0.0005)


def rank(number, ranks="8"):
    """One of several ranks: 5 eager collectives of the world, 3 replays of a captured one, 2 gatherings and a sum of the
    even or the odd ranks, and a ring of transfers. NCCL counts each operation for itself."""
    number, ranks = int(number), int(ranks)
    world = Communicator(plugin(), identifier=0xABCD, rank=number, ranks=ranks)
    half = Communicator(plugin(), identifier=0xE0 + number % 2, name=b"half", rank=number // 2, ranks=ranks // 2)

    def finished(owner, handle):
        owner.stop(handle)
        for channel in range(2):
            owner.kernel(handle, channel, 1_000, 2_000 + number)

    for sequence in range(5):
        finished(world, world.coll(sequence))
    captured = world.coll_api(captured=True)
    world.stop(captured)
    for replay in range(3):
        finished(world, world.coll(5 + replay, parent=captured))
    for sequence in range(2):
        finished(half, half.coll(sequence, func="AllGather"))
    finished(half, half.coll(0))
    send = world.p2p("Send", peer=(number + 1) % ranks)
    receive = world.p2p("Recv", peer=(number - 1) % ranks)
    for handle in (send, receive):
        world.stop(handle)
        world.kernel(handle, 0, 1, 2)
    half.finalize()
    world.finalize()


if __name__ == "__main__":
    globals()[sys.argv[2]](*sys.argv[3:])
