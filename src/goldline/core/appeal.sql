-- Who may object: statements of reasons, appeals with their evidence, reviewers' cases, decisions taken back, and plans
-- to mend. An account is '<party>:<id>', as in the ledger; a person is 'person:<name>', a machine 'machine:<name>'.
SET search_path = goldline;

-- A finding that a person has taken back stays so, whatever is judged afterwards.
ALTER TABLE finding DROP CONSTRAINT IF EXISTS finding_status_check;
ALTER TABLE finding ADD CONSTRAINT finding_status_check
    CHECK (status IN ('standing', 'exonerated', 'overturned')) NOT VALID;

ALTER TABLE sanction ADD COLUMN IF NOT EXISTS imposed_at timestamptz;     -- the clock it was written down by
ALTER TABLE sanction ADD COLUMN IF NOT EXISTS waived_at timestamptz;      -- let off on appeal though its ground stands
ALTER TABLE sanction ADD COLUMN IF NOT EXISTS suspended_by uuid;          -- the appeal it rests under

-- What was told to whom a decision is against, as it was when it was imposed. Never edited.
CREATE TABLE IF NOT EXISTS statement_of_reasons (
    sanction_id  uuid PRIMARY KEY,
    account      text COLLATE "C" NOT NULL,
    content      jsonb NOT NULL,                   -- facts, nodes, versions, effect: nothing that depends on a language
    digest       text NOT NULL,                    -- sha256 of the content
    issued_at    timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS statement_account ON statement_of_reasons (account, issued_at);

-- id = uuid of (finding, sanction, 'appeal', how many came before): filed twice at once, one is refused.
CREATE TABLE IF NOT EXISTS appeal (
    id           uuid PRIMARY KEY,
    account      text COLLATE "C" NOT NULL,
    finding_id   uuid NOT NULL,
    sanction_id  uuid,                             -- null: against the finding and the charge
    terms        text NOT NULL,                    -- the [[appeal]] it was filed under
    version      integer NOT NULL,
    reason       text NOT NULL,
    words        text NOT NULL,
    state        text NOT NULL CHECK (state IN ('filed', 'evidence_asked', 'upheld', 'overturned', 'partly',
                                                'withdrawn')),
    filed_at     timestamptz NOT NULL,
    filed_by     text NOT NULL,
    answer_by    timestamptz NOT NULL,
    asked_words  text,                             -- what evidence is asked for, and by when
    evidence_by  timestamptz,
    breached_at  timestamptz,                      -- the answer was due and had not come
    decided_at   timestamptz,
    decided_by   text,
    answer       text                              -- the reasons of the decision
);
CREATE UNIQUE INDEX IF NOT EXISTS appeal_pending ON appeal (finding_id) WHERE state IN ('filed', 'evidence_asked');
CREATE INDEX IF NOT EXISTS appeal_account ON appeal (account, filed_at);
CREATE INDEX IF NOT EXISTS appeal_finding ON appeal (finding_id);
CREATE INDEX IF NOT EXISTS appeal_due ON appeal (answer_by)
    WHERE state IN ('filed', 'evidence_asked') AND breached_at IS NULL;

-- What was handed in. The bytes are checked against their type and are only ever served as a download.
CREATE TABLE IF NOT EXISTS evidence (
    appeal_id   uuid NOT NULL,
    sha256      bytea NOT NULL,
    kind        text NOT NULL,                     -- which of the evidence the terms list
    name        text NOT NULL,
    media_type  text NOT NULL,
    body        bytea NOT NULL,
    personal    boolean NOT NULL,                  -- it may carry personal data: a place in a photo, a name in a table
    added_at    timestamptz NOT NULL,
    added_by    text NOT NULL,
    PRIMARY KEY (appeal_id, sha256)
);
ALTER TABLE evidence ALTER COLUMN body SET STORAGE EXTERNAL;

-- Findings of a policy taken back together, in bites of accounts. `after` is where the next bite begins.
CREATE TABLE IF NOT EXISTS mass_overturn (
    id           uuid PRIMARY KEY,
    policy       text NOT NULL,
    version      integer,
    since        timestamptz,
    until        timestamptz,
    why          text NOT NULL,
    actor        text NOT NULL,
    begun_at     timestamptz NOT NULL,
    done_at      timestamptz,
    after        text COLLATE "C" NOT NULL DEFAULT '',
    findings     bigint NOT NULL DEFAULT 0,
    revoked      bigint NOT NULL DEFAULT 0,
    imposed      bigint NOT NULL DEFAULT 0,
    moved        jsonb NOT NULL DEFAULT '{}'       -- minor units by currency, given back to all accounts together
);
CREATE INDEX IF NOT EXISTS finding_overturned ON finding (partition, policy) WHERE status = 'overturned';
CREATE INDEX IF NOT EXISTS finding_policy ON finding (policy, merchant_id) WHERE status <> 'overturned';

-- What waits for a person. Claimed under a lease; every claim raises the epoch, and an answer must name it.
CREATE TABLE IF NOT EXISTS review_case (
    id            uuid PRIMARY KEY,
    kind          text NOT NULL,                   -- 'appeal', 'decision', 'evidence'
    subject       text NOT NULL,                   -- the id of the appeal, say
    account       text COLLATE "C" NOT NULL,
    language      text NOT NULL DEFAULT '',
    category      text NOT NULL DEFAULT '',
    priority      smallint NOT NULL DEFAULT 0,
    state         text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'settled', 'dropped')),
    opened_at     timestamptz NOT NULL,
    answer_by     timestamptz,                     -- the deadline towards the outside
    barred        text[] NOT NULL DEFAULT '{}',    -- who may not judge it: whoever decided before
    epoch         integer NOT NULL DEFAULT 0,
    holder        text,
    claimed_at    timestamptz,
    claimed_until timestamptz,
    sla_at        timestamptz,                     -- when the holder should have answered, from the last claim
    held_until    timestamptz,
    held_why      text,
    level         smallint NOT NULL DEFAULT 0,     -- how often it was escalated
    known         text,                            -- the answer is known: it measures reviewers and changes nothing
    answer        text,
    settled_at    timestamptz,
    settled_by    text
);
ALTER TABLE review_case ADD COLUMN IF NOT EXISTS effect jsonb;   -- what followed from the answer, as it was foretold
CREATE INDEX IF NOT EXISTS review_waiting ON review_case (level DESC, priority DESC, answer_by, opened_at)
    WHERE state = 'open';
CREATE INDEX IF NOT EXISTS review_subject ON review_case (subject);
CREATE INDEX IF NOT EXISTS review_holder ON review_case (holder) WHERE state = 'open';
CREATE INDEX IF NOT EXISTS review_settled ON review_case (settled_at) WHERE state = 'settled';

CREATE TABLE IF NOT EXISTS review_note (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id  uuid NOT NULL,
    at       timestamptz NOT NULL,
    author   text NOT NULL,
    words    text NOT NULL
);
CREATE INDEX IF NOT EXISTS review_note_case ON review_note (case_id, id);

-- What a reviewer knows and may hold at once. An empty list is no limit.
CREATE TABLE IF NOT EXISTS reviewer (
    name        text PRIMARY KEY,
    kinds       text[] NOT NULL DEFAULT '{}',
    languages   text[] NOT NULL DEFAULT '{}',
    categories  text[] NOT NULL DEFAULT '{}',
    most        integer NOT NULL DEFAULT 10 CHECK (most > 0),
    taken       bigint NOT NULL DEFAULT 0,         -- cases ever claimed: where the samples of known answers are mixed in
    active      boolean NOT NULL DEFAULT true
);

-- A plan to mend: figures to reach by a deadline. `figures` are expressions over the account's days.
CREATE TABLE IF NOT EXISTS rectification (
    id           uuid PRIMARY KEY,
    account      text COLLATE "C" NOT NULL,
    subject      text NOT NULL,                    -- the kind of day the figures read
    currency     text NOT NULL,
    steps        jsonb NOT NULL,                   -- what is to be done, in order, in each language
    figures      text[] NOT NULL,
    releases     uuid[] NOT NULL,                  -- sanctions that end when the figures are reached
    begun_at     timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    remind_at    timestamptz[] NOT NULL,
    reminded     integer NOT NULL DEFAULT 0,
    state        text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'reached', 'missed', 'dropped')),
    ended_at     timestamptz,
    actor        text NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS rectification_running ON rectification (account) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS decision_review ON decision (decided_at, id) WHERE answer = 'review';
