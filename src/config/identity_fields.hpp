// The fields that say who may call: keys, claims, certificates, dates, Entra ID, the admin token.
#pragma once

#include "config/fields.hpp"

namespace tollgate::config {

Fields<IdentityConfig> identity_fields();
void add_client_certificate_fields(Fields<ServerTls>& fields);
void add_admin_token_field(Fields<ServerConfig>& fields);
void add_credential_fields(Fields<SubscriptionDraft>& fields);

// Notes a problem when a validity ends before it begins.
void check_order(const Validity& validity, const Location& where, Context& context);

// What holds between fields: each subscription can be called by somebody, nothing is unused or dangling,
// no credential is of two subscriptions.
void check_identity(const Draft& draft, const Node& root, Context& context);

}  // namespace tollgate::config
