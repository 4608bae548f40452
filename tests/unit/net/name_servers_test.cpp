#include "net/name_servers.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace tollgate::net {
namespace {

using Texts = std::vector<std::string>;

class NameServersTest : public testing::Test {
 protected:
  NameServersTest() { network_.mode = Network::private_only; }
  ~NameServersTest() override { std::filesystem::remove(file_); }

  Texts found(const char* resolv_conf) const {
    std::ofstream(file_) << resolv_conf;
    return public_name_servers(network_, file_.c_str());
  }

  NetworkConfig network_;
  const std::string file_ = testing::TempDir() + "name_servers_test." + std::to_string(::getpid());
};

TEST_F(NameServersTest, AreToldWhenTheyArePublic) {
  EXPECT_EQ(found("nameserver 192.0.2.53\nnameserver 10.0.0.4\nnameserver 2001:db8::53\n"), (Texts{"192.0.2.53", "2001:db8::53"}));
  EXPECT_EQ(found("nameserver 10.0.0.4\nnameserver 127.0.0.53\nnameserver 168.63.129.16\nnameserver 169.254.20.10\n"), Texts{})
      << "inside, on this machine, Azure's, and a cluster's on the node";
  network_.private_ranges = {ipv4_range(10, 0, 0, 0, 8)};
  EXPECT_EQ(found("nameserver 127.0.0.53\nnameserver 172.16.0.1\n"), Texts{"172.16.0.1"});
}

TEST_F(NameServersTest, AreNobodysBusinessOtherwise) {
  network_.name_servers = {{"10.0.0.4"}};
  EXPECT_EQ(found("nameserver 192.0.2.53\n"), Texts{}) << "they are not asked";
  network_.name_servers.clear();
  network_.mode = Network::any;
  EXPECT_EQ(found("nameserver 192.0.2.53\n"), Texts{});
}

}  // namespace
}  // namespace tollgate::net
