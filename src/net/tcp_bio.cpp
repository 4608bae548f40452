#include "net/tcp_bio.hpp"

#include "net/tcp_stream.hpp"

#include <openssl/bio.h>

#include <new>

namespace tollgate::net {

namespace {

TcpStream& stream_of(BIO* bio) { return *static_cast<TcpStream*>(BIO_get_data(bio)); }

int read(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const IoResult result = stream_of(bio).try_read(into, static_cast<std::size_t>(size));
  switch (result.status) {
    case IoStatus::ok: return static_cast<int>(result.bytes);
    case IoStatus::would_block: BIO_set_retry_read(bio); return -1;
    case IoStatus::eof: BIO_set_flags(bio, BIO_FLAGS_IN_EOF); return 0;
    case IoStatus::failed: break;
  }
  return -1;
}

int write(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  const std::string_view part(from, static_cast<std::size_t>(size));
  const IoResult result = stream_of(bio).try_write({&part, 1});
  if (result.status == IoStatus::ok) return static_cast<int>(result.bytes);
  if (result.status == IoStatus::would_block) BIO_set_retry_write(bio);
  return -1;
}

long control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;  // nothing is held back
    case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    default: return 0;
  }
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "TcpStream");
  if (!method || !BIO_meth_set_read(method, read) || !BIO_meth_set_write(method, write) ||
      !BIO_meth_set_ctrl(method, control)) {
    throw std::bad_alloc();
  }
  return method;
}

}  // namespace

BIO* new_bio(TcpStream& tcp) {
  static const BIO_METHOD* const method = make_method();  // for as long as the process lives
  BIO* bio = BIO_new(method);
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio, &tcp);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace tollgate::net
