-- Who answers for it: accounts with violations to look at, the sanctions they brought, and the gates those close.
-- An account is '<party>:<id>', as in the ledger.
SET search_path = goldline;

-- Accounts of which a violation has come to stand or ceased to: their sanctions are worked out again.
CREATE TABLE IF NOT EXISTS account_due (
    account  text COLLATE "C" PRIMARY KEY,
    since    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A sanction follows from what stands. id = uuid of (finding, ladder, step, ordinal): the same in every replay.
CREATE TABLE IF NOT EXISTS sanction (
    id            uuid PRIMARY KEY,
    account       text COLLATE "C" NOT NULL,
    ladder        text NOT NULL,
    version       integer NOT NULL,
    rule          text NOT NULL,
    finding_id    uuid NOT NULL,
    nth           integer NOT NULL,                -- the violation's number in the ladder's window
    step          integer NOT NULL,                -- the step it reached
    ordinal       smallint NOT NULL,
    action        text NOT NULL,
    value         numeric,                         -- the figure that belongs to the action: orders a day
    amount_minor  bigint,                          -- of a fee, or what is frozen
    currency      text,
    until         text,                            -- the condition that lifts it, as written
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz,                     -- null: only its condition or an appeal ends it
    released_at   timestamptz,                     -- its condition held, or a person released it
    released_why  text,
    revoked_at    timestamptz,                     -- what it followed from stands no longer
    revision      integer NOT NULL DEFAULT 0,      -- times it was revoked or came back
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS sanction_account ON sanction (account, starts_at);
CREATE INDEX IF NOT EXISTS sanction_finding ON sanction (finding_id);
CREATE INDEX IF NOT EXISTS sanction_open ON sanction (ladder, step, ordinal)
    WHERE released_at IS NULL AND revoked_at IS NULL AND until IS NOT NULL;

-- What an account may do now: one row for each gate that was ever closed or limited to it.
CREATE TABLE IF NOT EXISTS gate (
    account   text COLLATE "C" NOT NULL,
    gate      text NOT NULL,
    state     text NOT NULL CHECK (state IN ('open', 'limited', 'closed')),
    value     numeric,                             -- the least figure of the sanctions that limit it
    since     timestamptz NOT NULL,
    until     timestamptz,                         -- when it may change next by time alone; null: not by time
    sanctions uuid[] NOT NULL,
    revision  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (account, gate)
);
CREATE INDEX IF NOT EXISTS gate_until ON gate (until) WHERE until IS NOT NULL;

-- What an account scored for a day, by a score in force then, and how it came about. Written once a day for every
-- account by the one statement of account/score_sql.py.
CREATE TABLE IF NOT EXISTS standing (
    account     text COLLATE "C" NOT NULL,
    policy      text NOT NULL,
    version     integer NOT NULL,
    day         date NOT NULL,
    ends_at     timestamptz NOT NULL,              -- the midnight that ended the day
    valid       numeric NOT NULL,                  -- orders that count
    small       boolean NOT NULL,                  -- so few that a small-sample floor holds
    stage       text NOT NULL CHECK (stage IN ('growth', 'formal')),
    score       numeric NOT NULL,
    stars       numeric,
    dimensions  jsonb NOT NULL,                    -- by id: points, weight, and indicators with their facts
    adjustments jsonb NOT NULL,                    -- by id: points given or taken
    kept_at     timestamptz NOT NULL,              -- the clock it was worked out by
    PRIMARY KEY (account, policy, day)
) WITH (toast_tuple_target = 8160);               -- two kilobytes a row: squeezing them costs more than writing them
