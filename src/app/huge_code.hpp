// The program's code in one large page.
#pragma once

namespace tollgate::app {

// Moves the 2 MiB of code in which requests run (the linker puts what is run often first) from the program's file into
// memory of its own that the processor reaches with one entry of its address cache, in place of a hundred. What shares
// the core then evicts less of ours. True if it is so now; false, and nothing has changed, if the system gives no such
// page (it needs Linux 6.1, transparent huge pages and leave to make memory executable), or a probe has been set in the
// code. Should the kernel run out of memory in the last step, the process ends.
//
// What looks up addresses in files (perf, probes set later) no longer finds this code. To be called once; other threads
// may run.
bool move_code_to_huge_page() noexcept;

}  // namespace tollgate::app
