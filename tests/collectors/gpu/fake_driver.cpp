// In the place of libcuda.so.1: two GPUs, of which FAKE_DRIVER_ACTIVE names those with a primary context ("1"), and that
// is not initialised where FAKE_DRIVER_ACTIVE is unset.
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
int cuDeviceGetCount(int* count) {
  if (std::getenv("FAKE_DRIVER_ACTIVE") == nullptr) return 3;  // CUDA_ERROR_NOT_INITIALIZED
  *count = 2;
  return 0;
}
int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal + 40;  // a handle, not the ordinal
  return 0;
}
int cuDevicePrimaryCtxGetState(int device, unsigned* flags, int* active) {
  *flags = 0;
  *active = std::strchr(std::getenv("FAKE_DRIVER_ACTIVE"), '0' + (device - 40)) != nullptr;
  return 0;
}
int cuDeviceGetPCIBusId(char* id, int length, int device) {
  std::snprintf(id, static_cast<std::size_t>(length), "0000:%02d:00.0", device - 40 + 7);
  return 0;
}
}
