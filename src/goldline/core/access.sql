-- Who may do what, what was done by whom, and what waits for a second person.
SET search_path = goldline;

-- People by the name they sign in with. A merchant's or creator's people are bound to one account.
CREATE TABLE IF NOT EXISTS member (
    name      text COLLATE "C" PRIMARY KEY,
    role      text NOT NULL,
    account   text COLLATE "C",                    -- '<party>:<id>'; null: an operator, bound to none
    disabled  boolean NOT NULL DEFAULT false,
    since     timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- A key bound to an account reads what is that account's, and nothing else.
ALTER TABLE api_key ADD COLUMN IF NOT EXISTS account text COLLATE "C";

-- Every change by a person or a key, in the transaction that made it.
-- hash = sha256(the hash before, seq as 8 bytes, the record in its canonical form: see core/audit.py).
CREATE TABLE IF NOT EXISTS audit (
    seq         bigint PRIMARY KEY,                -- 1, 2, 3, …: without gaps, because the head gives it
    at          timestamptz NOT NULL,
    actor_kind  text NOT NULL,                     -- 'operator', 'key', 'shell', 'merchant', 'creator', 'engine'
    actor       text NOT NULL,
    action      text NOT NULL,                     -- the operation, as the permissions name it
    subject     text NOT NULL,                     -- '<kind>:<id>'
    detail      text NOT NULL,                     -- canonical JSON: text, so that its bytes stay
    hash        bytea NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_actor ON audit (actor, action, at);
CREATE INDEX IF NOT EXISTS audit_subject ON audit (subject, seq);
CREATE TABLE IF NOT EXISTS audit_head (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq   bigint NOT NULL DEFAULT 0,
    hash  bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
);
INSERT INTO audit_head DEFAULT VALUES ON CONFLICT DO NOTHING;

-- A first wall: no program of ours, and no slip of an operator's, edits the trail. The chain finds who goes round it.
CREATE OR REPLACE FUNCTION audit_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is not edited' USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER IF EXISTS audit_kept ON audit;
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stands();

-- What one person asked for and another has to approve.
CREATE TABLE IF NOT EXISTS approval (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation     text NOT NULL,
    subject       text NOT NULL,
    payload       jsonb NOT NULL,                  -- exactly what will be done
    why           text NOT NULL,
    requested_by  text NOT NULL,
    requested_at  timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    state         text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'refused')),
    decided_by    text CHECK (decided_by <> requested_by OR state <> 'approved'),
    decided_at    timestamptz,
    decided_why   text
);
CREATE INDEX IF NOT EXISTS approval_pending ON approval (operation, subject) WHERE state = 'pending';

-- Sign-ins tried for a name and not yet succeeded, counted for every process; the name by its hash.
CREATE TABLE IF NOT EXISTS guess (
    name_sha256  bytea PRIMARY KEY,
    tries        integer NOT NULL,
    since        timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS guess_since ON guess (since);

-- Filters of lists that a person has named.
CREATE TABLE IF NOT EXISTS bookmark (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member   text NOT NULL,
    page     text NOT NULL,                        -- 'findings', 'cases', …
    name     text NOT NULL,
    query    text NOT NULL,                        -- of the list's address
    kept_at  timestamptz NOT NULL,
    UNIQUE (member, page, name)
);
