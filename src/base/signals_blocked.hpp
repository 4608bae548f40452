// Threads that are no affair of signals.
#pragma once

#include <csignal>
#include <pthread.h>

namespace tollgate::base {

// While it lives the thread that made it gets no signals, nor do threads that are made by it then, for as long
// as they live: signals are the main thread's affair, and a pipe without a reader shows as EPIPE.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace tollgate::base
