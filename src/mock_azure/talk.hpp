// One WebSocket's talk: what the client says goes to the conversation, what that answers becomes frames, at
// its pace and with the faults that were asked for. No sockets; time is given.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "mock_azure/reply.hpp"
#include "mock_azure/websocket.hpp"

namespace tollgate::mock {

class Talk {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Talk(std::unique_ptr<Conversation> conversation);

  void hear(std::string_view bytes);  // from the client

  enum class Turn {
    said,     // something was appended: ask again
    waits,    // the next event may leave at `until`
    silent,   // nothing to say until the client says something
    ended,    // the last frame was appended
    cut,      // a fault: close now,
    reset,    // the same with RST,
    stalled,  // or say nothing more
  };
  struct Next {
    Turn turn = Turn::silent;
    TimePoint until{};
  };
  Next speak(TimePoint now, std::string& out);

  const Conversation& conversation() const { return *conversation_; }
  std::int64_t tokens() const { return tokens_; }  // paced events said

 private:
  void answer_control(const Message& message);
  bool fault_is_due(Next& next, std::string& out);
  void append_event(std::string& out);

  std::unique_ptr<Conversation> conversation_;
  FrameParser parser_;
  std::string control_;  // frames that answer control frames
  EventSource::Event event_;
  bool has_event_ = false;
  bool was_paced_ = false;
  bool has_ended_ = false;
  std::int64_t events_ = 0;
  std::int64_t tokens_ = 0;
  TimePoint due_{};
};

}  // namespace tollgate::mock
