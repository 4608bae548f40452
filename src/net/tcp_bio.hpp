// A TcpStream as OpenSSL reads and writes it.
#pragma once

struct bio_st;

namespace tollgate::net {

class TcpStream;

// The caller owns it; the stream has to outlive it. Its reads keep the stream's account of what is left to
// read, which a socket that OpenSSL reads by itself would not. One thread: the worker's.
bio_st* new_bio(TcpStream& tcp);

}  // namespace tollgate::net
