// NVTX's pushes and pops for a Python program: a library, since NVTX is a header.
#include <nvtx3/nvToolsExt.h>

extern "C" {
__attribute__((visibility("default"))) void push_range(const char* text) { nvtxRangePushA(text); }
__attribute__((visibility("default"))) void pop_range() { nvtxRangePop(); }
}
