-- Special campaigns: how far each has come, what each pass over the stock saw, and what is suspected of it.

SET search_path = goldline, public;

CREATE TABLE IF NOT EXISTS campaign (
    policy        text PRIMARY KEY,
    told_at       timestamptz,                     -- when those called up first were told
    later_told_at timestamptz,                     -- and those called up later
    later_part    numeric,                         -- the part drawn for later, as it began
    paused_at     timestamptz,
    ended_at      timestamptz                      -- when its last pass was over
);

ALTER TABLE campaign ADD COLUMN IF NOT EXISTS later_part numeric;

-- One pass over the whole stock: the first is a survey, before anybody is told; the others are sweeps.
CREATE TABLE IF NOT EXISTS campaign_pass (
    policy     text NOT NULL REFERENCES campaign,
    number     integer NOT NULL,                   -- 0 is the survey
    at         timestamptz NOT NULL,               -- the clock it began by
    total      bigint NOT NULL,                    -- about how many subjects there were to look at
    partition  smallint NOT NULL DEFAULT 0,        -- where it is, and after which key
    cursor     text COLLATE "C" NOT NULL DEFAULT '',
    looked     bigint NOT NULL DEFAULT 0,
    told       bigint NOT NULL DEFAULT 0,          -- newly found, and told as events
    ended_at   timestamptz,
    PRIMARY KEY (policy, number)
);

-- What one pass saw of each owner: the measure of what a campaign has changed.
CREATE TABLE IF NOT EXISTS campaign_owner (
    policy   text NOT NULL,
    number   integer NOT NULL,
    owner    text COLLATE "C" NOT NULL,
    later    boolean NOT NULL,
    in_scope integer NOT NULL,
    met      integer NOT NULL,                     -- of those, that met the criteria
    PRIMARY KEY (policy, number, owner)
);

CREATE TABLE IF NOT EXISTS campaign_suspect (
    policy       text NOT NULL,
    key          text COLLATE "C" NOT NULL,
    owner        text COLLATE "C" NOT NULL,
    number       integer NOT NULL,                 -- the pass that saw it first
    last         integer NOT NULL,                 -- and the last that did
    seen         jsonb NOT NULL,
    told_at      timestamptz,                      -- when it was found in a sweep: an event was sent
    PRIMARY KEY (policy, key)
);
CREATE INDEX IF NOT EXISTS campaign_suspect_owner ON campaign_suspect (owner, policy);
