#include "ledger/schema.hpp"

#include "ledger/ledger.hpp"

namespace tollgate::ledger {

using sqlite::Database;

namespace {

// auto_vacuum holds only for a file that has no tables yet. FULL: a commit is on the disk when it
// returns; with NORMAL a power cut could take back the last ones, although kill -9 could not.
// journal_size_limit: a log that grew while somebody read for long is cut when it begins anew.
constexpr const char* setup =
    "PRAGMA auto_vacuum = INCREMENTAL;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA journal_size_limit = 16777216;"
    "PRAGMA cache_size = -16384;"
    "PRAGMA temp_store = MEMORY;";

// Texts are kept once, in `names`; who uses what once, in `series`. `day` is the last one (since the
// epoch) that refers to them. Times: `minute` since the epoch, `slot` and `expires` in milliseconds.
// Money: nano-dollars.
constexpr const char* tables = R"(
BEGIN IMMEDIATE;
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, day INTEGER NOT NULL);
CREATE TABLE series (
  id INTEGER PRIMARY KEY, subscription INTEGER, product INTEGER, cost_center INTEGER, user INTEGER,
  session INTEGER, task INTEGER, operation INTEGER, model_asked INTEGER, model INTEGER,
  deployment INTEGER, region INTEGER, is_ptu INTEGER, is_batch INTEGER, day INTEGER NOT NULL,
  UNIQUE (session, task, user, subscription, product, cost_center, operation, model_asked, model,
          deployment, region, is_ptu, is_batch));
CREATE TABLE usage (
  minute INTEGER, series INTEGER, requests INTEGER, prompt INTEGER, cached INTEGER,
  completion INTEGER, reasoning INTEGER, estimated INTEGER, cost INTEGER, saved INTEGER,
  PRIMARY KEY (minute, series)) WITHOUT ROWID;
CREATE TABLE meters (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE slots (
  meter INTEGER, slot INTEGER, used INTEGER, expires INTEGER,
  PRIMARY KEY (meter, slot)) WITHOUT ROWID;
CREATE TABLE intents (
  id INTEGER PRIMARY KEY, minute INTEGER, series INTEGER, requests INTEGER, prompt INTEGER,
  cached INTEGER, completion INTEGER, reasoning INTEGER, estimated INTEGER, cost INTEGER,
  saved INTEGER);
CREATE TABLE intent_slots (
  intent INTEGER, meter INTEGER, slot INTEGER, used INTEGER, expires INTEGER,
  PRIMARY KEY (intent, meter, slot)) WITHOUT ROWID;
CREATE VIEW named_usage AS SELECT
  minute,
  (SELECT name FROM names WHERE id = s.subscription) AS subscription,
  (SELECT name FROM names WHERE id = s.product) AS product,
  (SELECT name FROM names WHERE id = s.cost_center) AS cost_center,
  (SELECT name FROM names WHERE id = s.user) AS user,
  (SELECT name FROM names WHERE id = s.session) AS session,
  (SELECT name FROM names WHERE id = s.task) AS task,
  (SELECT name FROM names WHERE id = s.operation) AS operation,
  (SELECT name FROM names WHERE id = s.model_asked) AS model_asked,
  (SELECT name FROM names WHERE id = s.model) AS model,
  (SELECT name FROM names WHERE id = s.deployment) AS deployment,
  (SELECT name FROM names WHERE id = s.region) AS region,
  CASE s.is_ptu WHEN 0 THEN 'payg' ELSE 'ptu' END AS kind,
  CASE s.is_batch WHEN 0 THEN 'no' ELSE 'yes' END AS batch,
  requests, prompt, cached, completion, reasoning, estimated, cost, saved
  FROM usage JOIN series AS s ON s.id = usage.series;
)";

}  // namespace

void check_is_ledger(Database& db, const std::string& path) {
  if (db.number("PRAGMA application_id") != application_id)
    throw Refused(path + " is a database, but not a ledger of Tollgate: give another path");
  if (auto version = db.number("PRAGMA user_version"); version > schema_version)
    throw Refused(path + " was written by a newer Tollgate (format " + std::to_string(version) +
                  ", this one knows up to " + std::to_string(schema_version) +
                  "): run that version, or give another path");
}

void prepare_for_writing(Database& db, const std::string& path) {
  const bool is_new = db.number("SELECT count(*) FROM sqlite_master") == 0;
  if (!is_new) check_is_ledger(db, path);
  db.run(setup);
  if (!is_new) return;
  // The marks become valid with the tables: a start that is cut off leaves an empty file.
  std::string all = tables;
  all += "PRAGMA application_id = " + std::to_string(application_id) + ";";
  all += "PRAGMA user_version = " + std::to_string(schema_version) + "; COMMIT;";
  db.run(all.c_str());
}

}  // namespace tollgate::ledger
