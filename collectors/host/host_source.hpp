// The host sampler as a part of a process' session: rows of host_samples and host_cores, ten times a second.
#pragma once

#include "collectors/session/session.hpp"
#include "collectors/session/settings.hpp"

namespace foldperf::collectors {

// To be called when a door opens (any number of times; only the first counts). Makes no thread and no file: it samples
// in the rounds of the session's thread, once there is one, and where `settings.host` says so.
void start_host_sampler(Session& session, const Settings& settings) noexcept;

}  // namespace foldperf::collectors
