#include "collectors/gpu/active_devices.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace foldperf::collectors {
namespace {

TEST(ActiveDevices, AreNoneWhereNoDriverIsLoaded) { EXPECT_TRUE(active_devices("libno-such-driver.so.1").empty()); }

TEST(ActiveDevices, DoesNotLoadADriver) {
  ASSERT_TRUE(active_devices(FAKE_DRIVER).empty());
  EXPECT_EQ(dlopen(FAKE_DRIVER, RTLD_LAZY | RTLD_NOLOAD), nullptr);
}

TEST(ActiveDevices, AreThoseWithAPrimaryContext) {
  void* const driver = dlopen(FAKE_DRIVER, RTLD_LAZY);
  ASSERT_NE(driver, nullptr) << dlerror();
  EXPECT_TRUE(active_devices(FAKE_DRIVER).empty());  // not initialised
  setenv("FAKE_DRIVER_ACTIVE", "1", 1);
  const auto devices = active_devices(FAKE_DRIVER);
  ASSERT_EQ(devices.size(), 1U);
  EXPECT_EQ(devices[0].device, 1);
  EXPECT_EQ(devices[0].pci_bus_id, "0000:08:00.0");
  setenv("FAKE_DRIVER_ACTIVE", "10", 1);
  EXPECT_EQ(active_devices(FAKE_DRIVER).size(), 2U);
  unsetenv("FAKE_DRIVER_ACTIVE");
  dlclose(driver);
}

}  // namespace
}  // namespace foldperf::collectors
