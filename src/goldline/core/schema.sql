-- The engine's own tables. Fact tables (fact_order, fact_parcel, …) are generated from the vocabulary
-- by core/facts/table.py; everything else the engine keeps is here. Money is integer minor units.

CREATE SCHEMA IF NOT EXISTS goldline;
SET search_path = goldline;

-- One row a hash partition: who may step it, and where it stands.
CREATE TABLE IF NOT EXISTS partition (
    id            smallint PRIMARY KEY,
    epoch         bigint NOT NULL DEFAULT 0,       -- fencing token: grows at every claim
    holder        text,
    leased_until  timestamptz,
    clock_at      timestamptz,                     -- the highest `now` a step has used; never goes back
    stepped_at    timestamptz,
    steps         bigint NOT NULL DEFAULT 0,
    events        bigint NOT NULL DEFAULT 0
);

-- Roots whose events make the step fail: parked so that their neighbours go on. Re-driving clears the row.
CREATE TABLE IF NOT EXISTS parked (
    partition  smallint NOT NULL,
    root       text COLLATE "C" NOT NULL,
    why        text NOT NULL,
    parked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (partition, root)
);

-- What was accepted and not yet folded, then the log of it. One row is a batch of events of one partition,
-- as a JSON array of CloudEvents: acknowledged means this row is committed.
CREATE TABLE IF NOT EXISTS inbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition    smallint NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    via          text NOT NULL,                    -- 'api:<key name>', 'file:<name>', 'demo', 'redrive'
    events       integer NOT NULL CHECK (events > 0),
    body         bytea NOT NULL,
    done_at      timestamptz                       -- set by the step that folded it, in the same transaction
) WITH (fillfactor = 90);
ALTER TABLE inbox ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS inbox_waiting ON inbox (partition, id) WHERE done_at IS NULL;

-- Inbox rows that hold what concerns every partition (a notice): no clock passes their receipt before it is in force.
CREATE TABLE IF NOT EXISTS announced (
    inbox_id     bigint PRIMARY KEY,
    received_at  timestamptz NOT NULL
);
-- Notices in force, withdrawn ones too, taken from the facts. Null bounds and lists leave open what they would limit.
CREATE TABLE IF NOT EXISTS notice (
    id           text COLLATE "C" PRIMARY KEY,
    terms        text NOT NULL,                    -- as the facts have them; the columns below are read from it
    kind         text NOT NULL CHECK (kind IN ('shift', 'void')),
    regions      text[],
    merchants    text[],
    categories   text[],
    begun_from   timestamptz,
    begun_until  timestamptz,
    due_from     timestamptz,
    due_until    timestamptz,
    moved_to     timestamptz,                      -- of a shift: the new deadline, or by how many seconds it moves
    moved_s      bigint,
    reason       jsonb NOT NULL,                   -- {"en": …, "zh-Hans": …}
    clause       text,                             -- the published text it comes from
    published_at timestamptz NOT NULL,
    withdrawn_at timestamptz
);
-- How far a notice has been carried to the subjects that stood when it came or went; one row a partition.
CREATE TABLE IF NOT EXISTS notice_reach (
    notice_id  text COLLATE "C" NOT NULL,
    partition  smallint NOT NULL,
    after_key  text COLLATE "C" NOT NULL DEFAULT '',
    looked     bigint NOT NULL DEFAULT 0,
    done_at    timestamptz,
    PRIMARY KEY (notice_id, partition)
);
CREATE INDEX IF NOT EXISTS notice_reach_open ON notice_reach (partition) WHERE done_at IS NULL;

-- What could not be accepted or folded, with its reason. Nothing is lost: re-driving puts it back.
CREATE TABLE IF NOT EXISTS quarantine (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    via          text NOT NULL,
    code         text NOT NULL,                    -- stable: 'malformed', 'unknown_type', 'invalid', 'poison'
    reason       text NOT NULL,                    -- a sentence: what was wrong, where, what to do
    event_id     text,
    event_type   text,
    body         bytea NOT NULL,
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'redriven', 'dropped')),
    attempts     integer NOT NULL DEFAULT 0,
    settled_at   timestamptz
);
CREATE INDEX IF NOT EXISTS quarantine_open ON quarantine (id) WHERE state = 'open';

-- When to look at a subject again though nothing arrived. Append-only and narrow. A subject whose row says it is due
-- later than its wake is not judged, only woken again then; a forced wake is judged whatever its row says.
CREATE TABLE IF NOT EXISTS wake (
    partition  smallint NOT NULL,
    wake_at    timestamptz NOT NULL,
    subject    text COLLATE "C" NOT NULL,          -- kind of subject: 'order', 'parcel', …
    key        text COLLATE "C" NOT NULL,
    forced     boolean NOT NULL DEFAULT false
);
CREATE INDEX IF NOT EXISTS wake_due ON wake (partition, subject, wake_at);

-- Versions of policies, as published. Conduct is judged by the version in force on its date.
CREATE TABLE IF NOT EXISTS policy_version (
    policy        text NOT NULL,                   -- '<pack>.<id>', e.g. 'olist.handover'
    version       integer NOT NULL,
    pack          text NOT NULL,
    subject       text NOT NULL,
    kind          text NOT NULL,                   -- 'promise', 'ladder', … or 'withdrawn'
    effective_from timestamptz,
    effective_until timestamptz,
    digest        text NOT NULL,                   -- sha256 of the canonical body
    body          jsonb NOT NULL,                  -- the table it was written as, as JSON
    published_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_by  text NOT NULL DEFAULT 'cli',
    PRIMARY KEY (policy, version)
);
-- One row: grows whenever the rule set changes, so that a worker knows to compile again.
CREATE TABLE IF NOT EXISTS ruleset (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch  bigint NOT NULL DEFAULT 0
);
INSERT INTO ruleset DEFAULT VALUES ON CONFLICT DO NOTHING;

-- A broken promise, with what it was judged on. id = uuid of (policy, subject, key, occurrence).
CREATE TABLE IF NOT EXISTS finding (
    partition    smallint NOT NULL,
    id           uuid NOT NULL,
    policy       text NOT NULL,
    version      integer NOT NULL,
    subject      text NOT NULL,
    key          text COLLATE "C" NOT NULL,
    occurrence   smallint NOT NULL DEFAULT 0,
    made_at      timestamptz,
    due_at       timestamptz NOT NULL,
    kept_at      timestamptz,                      -- late evidence of keeping, if any had come
    found_at     timestamptz NOT NULL,             -- the step's clock
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    merchant_id  text,
    facts        jsonb NOT NULL,                   -- every fact the policy reads, as seen
    nodes        jsonb NOT NULL,                   -- value of every node of its expressions
    status       text NOT NULL DEFAULT 'standing' CHECK (status IN ('standing', 'exonerated', 'overturned')),
    status_at    timestamptz,
    status_why   jsonb,                            -- the verdict and the facts that changed it
    revision     integer NOT NULL DEFAULT 0,       -- times the status has turned
    PRIMARY KEY (partition, id)
);
-- Who answers where no merchant does: 'creator:<id>'. And how far the rule was rolled out when it was found; a person
-- who upholds what a rule reported makes it 'act'.
ALTER TABLE finding ADD COLUMN IF NOT EXISTS answerer text COLLATE "C";
ALTER TABLE finding ADD COLUMN IF NOT EXISTS rollout text NOT NULL DEFAULT 'act' CHECK (rollout IN ('flag', 'report', 'act'));
CREATE INDEX IF NOT EXISTS finding_answerer ON finding (answerer, found_at) WHERE answerer IS NOT NULL;
CREATE INDEX IF NOT EXISTS finding_key ON finding (key, policy);
CREATE INDEX IF NOT EXISTS finding_merchant ON finding (merchant_id, found_at);
CREATE INDEX IF NOT EXISTS finding_found ON finding (found_at, id);

-- What is owed for a finding. id = uuid of (finding, 'remedy', ordinal): sent to the provider, never random.
CREATE TABLE IF NOT EXISTS remedy (
    partition     smallint NOT NULL,
    id            uuid NOT NULL,
    finding_id    uuid NOT NULL,
    policy        text NOT NULL,
    key           text COLLATE "C" NOT NULL,       -- the subject's key (an order id, say)
    kind          text NOT NULL,                   -- 'coupon', 'refund', 'balance'
    payee         text NOT NULL,                   -- 'consumer:<id>'
    bearer        text NOT NULL,                   -- who was charged first: 'merchant:<id>', 'carrier:<id>', 'platform'
    charged_to    text NOT NULL,                   -- who bears it now (exonerating or overturning moves it to 'platform')
    asked_minor   bigint NOT NULL,                 -- by the tariff, before caps
    amount_minor  bigint NOT NULL CHECK (amount_minor >= 0),   -- after caps: what is paid
    currency      text NOT NULL,
    state         text NOT NULL CHECK (state IN ('accrued', 'paid', 'refused', 'unknown', 'held', 'void')),
    why           text,                            -- of held, refused, void: 'budget', 'breaker', 'cap', 'currency', …
    accrued_at    timestamptz NOT NULL,
    settled_at    timestamptz,
    provider_ref  text,
    budget_period date,                            -- of the policy's budget it was charged to; null: it has none
    PRIMARY KEY (partition, id)
);
ALTER TABLE remedy ADD COLUMN IF NOT EXISTS budget_period date;
-- Of a remedy that two bear: the other one, who bears that part now, and how much of the amount it is; the bearer has
-- the rest. The grounds are the findings each answers for: when one is exonerated, that part moves to the platform.
ALTER TABLE remedy ADD COLUMN IF NOT EXISTS sharer text;
ALTER TABLE remedy ADD COLUMN IF NOT EXISTS share_to text;
ALTER TABLE remedy ADD COLUMN IF NOT EXISTS share_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE remedy ADD COLUMN IF NOT EXISTS bearer_ground uuid;
ALTER TABLE remedy ADD COLUMN IF NOT EXISTS sharer_ground uuid;
CREATE INDEX IF NOT EXISTS remedy_key ON remedy (key);
CREATE INDEX IF NOT EXISTS remedy_finding ON remedy (finding_id);
CREATE INDEX IF NOT EXISTS remedy_bearer_ground ON remedy (bearer_ground) WHERE bearer_ground IS NOT NULL;
CREATE INDEX IF NOT EXISTS remedy_sharer_ground ON remedy (sharer_ground) WHERE sharer_ground IS NOT NULL;
CREATE INDEX IF NOT EXISTS remedy_open ON remedy (accrued_at) WHERE state IN ('accrued', 'unknown', 'held');

-- Double entry. The lines of one entry sum to zero per currency (constraint trigger below). Never edited.
CREATE TABLE IF NOT EXISTS posting (
    id            bigint GENERATED ALWAYS AS IDENTITY,
    partition     smallint NOT NULL,
    entry         uuid NOT NULL,                   -- uuid of (remedy, reason, revision): a second posting is refused
    line          smallint NOT NULL,
    account       text COLLATE "C" NOT NULL,       -- 'merchant:<id>', 'carrier:<id>', 'platform', 'consumer:<id>', 'clearing:payout'
    currency      text NOT NULL,
    amount_minor  bigint NOT NULL,                 -- + the account receives, - the account gives
    reason        text NOT NULL,                   -- 'accrue', 'settle', 'refuse', 'exonerate', 'reinstate', 'overturn', 'fund', 'fee', 'fee_return', 'fee_waive'
    remedy_id     uuid,
    posted_at     timestamptz NOT NULL,            -- the clock of what posted it
    PRIMARY KEY (partition, entry, line)
);
CREATE INDEX IF NOT EXISTS posting_account ON posting (account, posted_at);
CREATE INDEX IF NOT EXISTS posting_remedy ON posting (remedy_id);

CREATE TABLE IF NOT EXISTS budget (
    policy       text NOT NULL,
    period       date NOT NULL,                    -- first day of the budget's period, UTC
    currency     text NOT NULL,
    limit_minor  bigint NOT NULL,
    spent_minor  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (policy, period)
);
CREATE TABLE IF NOT EXISTS breaker (
    policy       text PRIMARY KEY,
    window_start timestamptz,                      -- of the running window, and what it has accrued
    window_minor bigint NOT NULL DEFAULT 0,
    tripped_at   timestamptz,                      -- null: closed, payouts flow
    why          text,
    released_at  timestamptz,
    released_by  text,
    released_why text
);
ALTER TABLE breaker ADD COLUMN IF NOT EXISTS released_why text;

-- What must be told to the world. Written in the step, sent at least once with `key`, never forgotten.
CREATE TABLE IF NOT EXISTS outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition    smallint NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('payout', 'webhook')),
    key          text NOT NULL,                    -- the remedy id (payout) or '<message id>:<endpoint id>' (webhook)
    topic        text NOT NULL,                    -- 'remedy.payout', 'finding.found', 'remedy.paid', …
    endpoint_id  bigint,                           -- webhooks only
    payload      jsonb NOT NULL,
    created_at   timestamptz NOT NULL,
    state        text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'unknown', 'done', 'refused', 'dead')),
    attempts     integer NOT NULL DEFAULT 0,
    next_try_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_by   text,
    claimed_until timestamptz,
    settled_at   timestamptz,
    UNIQUE (kind, key)
);
CREATE INDEX IF NOT EXISTS outbox_endpoint ON outbox (endpoint_id, id) WHERE endpoint_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS outbox_ready ON outbox (kind, next_try_at) WHERE state IN ('ready', 'unknown');

CREATE TABLE IF NOT EXISTS endpoint (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    url          text NOT NULL,
    topics       text[] NOT NULL DEFAULT '{*}',
    secrets      text[] NOT NULL,                  -- 'whsec_…', newest first; all sign until rotated out
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    disabled_at  timestamptz,
    disabled_why text
);
-- Every try to deliver a webhook or a payout.
CREATE TABLE IF NOT EXISTS delivery (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outbox_id    bigint NOT NULL,
    attempt      integer NOT NULL,
    tried_at     timestamptz NOT NULL,
    took_ms      integer NOT NULL,
    outcome      text NOT NULL,                    -- 'ok', 'refused', 'unknown', 'failed'
    status_code  integer,
    detail       text
);
CREATE INDEX IF NOT EXISTS delivery_outbox ON delivery (outbox_id);

-- Verdicts counted as they turn: exact, because the step adds the difference between old and new verdict.
CREATE TABLE IF NOT EXISTS tally (
    partition  smallint NOT NULL,
    policy     text NOT NULL,
    state      "char" NOT NULL,                    -- p pending, k kept, b broken, e excused, o broken but overturned
    subjects   bigint NOT NULL,
    PRIMARY KEY (partition, policy, state)
);

CREATE TABLE IF NOT EXISTS calendar_day (
    calendar   text NOT NULL,
    day        date NOT NULL,
    working    boolean NOT NULL,
    ordinal    integer NOT NULL,                   -- working days up to and including this day
    note       text,
    PRIMARY KEY (calendar, day)
);

-- Set only where time is driven (a demo, a simulation): then every worker and page reads this clock.
CREATE TABLE IF NOT EXISTS driven_clock (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    at   timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS api_key (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    prefix        text NOT NULL,                   -- shown in lists: 'gl_live_ab12'
    secret_sha256 bytea NOT NULL UNIQUE,
    scopes        text[] NOT NULL,                 -- 'events:write', 'decide', 'read', 'admin'
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_used_at  timestamptz,
    revoked_at    timestamptz
);

-- Money is conserved: an entry whose lines do not sum to zero per currency cannot commit.
CREATE OR REPLACE FUNCTION posting_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added GROUP BY entry, currency HAVING sum(amount_minor) <> 0) THEN
        RAISE EXCEPTION 'postings do not balance: an entry must sum to zero per currency'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS posting_balanced ON posting;
CREATE TRIGGER posting_balanced AFTER INSERT ON posting REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION posting_balances();
