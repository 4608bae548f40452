// What a process holds after its start and never needs again.
#pragma once

namespace tollgate::app {

// Gives back what loading the program has left behind: mapped pages of files that are only read (symbols and
// relocations, which the loader goes through once). What of these is wanted later is mapped again when it is
// touched. To be called once, after the start.
void give_back_start_memory();

}  // namespace tollgate::app
