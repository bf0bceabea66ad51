#include "collectors/nvtx/watching.hpp"

#include "collectors/control/control_server.hpp"
#include "collectors/host/host_source.hpp"
#include "collectors/session/session.hpp"

namespace foldperf::collectors {

bool watches_nvtx() noexcept {
  const Settings* settings = Session::instance().start();
  if (settings == nullptr || !settings->nvtx) return false;
  start_host_sampler(Session::instance(), *settings);
  start_control(Session::instance(), *settings);
  return true;
}

}  // namespace foldperf::collectors
