// Brings the generated tables into the program's read-only data.
#include "tokens/tables.hpp"

#include "tokens/classes.hpp"

#define TOLLGATE_TABLE(symbol, file)                                                         \
  asm(".section .rodata\n.balign 64\n.global " symbol "\n.type " symbol ", @object\n" symbol \
      ":\n.incbin \"" TOLLGATE_TOKEN_TABLES "/" file "\"\n.size " symbol ", . - " symbol     \
      "\n"                                                                                   \
      ".byte 0\n.text\n")

TOLLGATE_TABLE("tollgate_tokens_cl100k", "cl100k_base.table");
TOLLGATE_TABLE("tollgate_tokens_o200k", "o200k_base.table");
TOLLGATE_TABLE("tollgate_token_classes", "classes.table");

extern "C" const unsigned char tollgate_tokens_cl100k[];
extern "C" const unsigned char tollgate_tokens_o200k[];

namespace tollgate::tokens {

Tables tables_of(Encoding encoding) noexcept {
  return Tables(encoding == Encoding::cl100k_base ? tollgate_tokens_cl100k : tollgate_tokens_o200k);
}

}  // namespace tollgate::tokens
