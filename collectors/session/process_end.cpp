// The end of the process, and why nothing of the collector is destroyed before it.
#include "collectors/session/session.hpp"

// Runs when the dynamic linker finishes this library: after all that the program itself registered to run at its exit.
__attribute__((destructor)) static void finish_session() { foldperf::collectors::Session::instance().close(); }

// Destructors of static objects of this library, and of the libraries linked into it, would run at exit before that,
// while the program's threads and our own still use them. None is registered: the system takes all memory back.
extern "C" __attribute__((visibility("hidden"))) int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
