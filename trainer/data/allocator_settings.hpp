// What a process that prepares batches asks of malloc.
#pragma once

namespace foldperf::trainer {

// Temporary tensors of some megabytes stay with malloc when they are freed, up to 256 MiB: handed back to the system,
// their pages would have to be zeroed again for every sample. Process-wide. May be called again and again.
void keep_freed_memory();

}  // namespace foldperf::trainer
