-- Decisions: what was asked and answered at once, and what is left of the limits that answers draw on.
SET search_path = goldline;

-- One answer to one question. id = uuid of (decision, subject, asking): asked again, it is the same. Never edited.
CREATE TABLE IF NOT EXISTS decision (
    id            uuid PRIMARY KEY,
    policy        text NOT NULL,
    version       integer NOT NULL,
    question      text NOT NULL,
    partition     smallint NOT NULL,               -- of the subject it is about
    key           text COLLATE "C" NOT NULL,       -- the subject's key (an order id, say)
    asked_as      text COLLATE "C" NOT NULL,       -- the asking's own id (a refund id, say)
    asker         text COLLATE "C" NOT NULL,       -- 'consumer:<id>' or 'group:<id>'
    consumer_id   text COLLATE "C",
    merchant_id   text COLLATE "C",
    answer        text NOT NULL,
    reasons       text[] NOT NULL,                 -- grounds of that answer, or 'otherwise', or the limit reached
    held          text[] NOT NULL,                 -- every ground that held
    amount_minor  bigint NOT NULL CHECK (amount_minor >= 0),
    spent_minor   bigint NOT NULL CHECK (spent_minor IN (0, amount_minor)),
    currency      text NOT NULL,
    decided_at    timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    via           text NOT NULL,                   -- 'api:<key name>', 'cli'
    facts         jsonb NOT NULL,                  -- every fact that was read, as seen
    nodes         jsonb NOT NULL                   -- value of every node of the grounds
);
CREATE INDEX IF NOT EXISTS decision_key ON decision (key);
CREATE INDEX IF NOT EXISTS decision_consumer ON decision (consumer_id, decided_at);
CREATE INDEX IF NOT EXISTS decision_merchant ON decision (merchant_id, decided_at);
CREATE INDEX IF NOT EXISTS decision_decided ON decision (decided_at, id);

-- What one asker was granted in a period. Whoever asks holds a lock of their own, so no row is fought over.
CREATE TABLE IF NOT EXISTS exposure (
    policy       text NOT NULL,
    asker        text COLLATE "C" NOT NULL,
    period       date NOT NULL,                    -- first day of the period, UTC
    spent_minor  bigint NOT NULL,
    PRIMARY KEY (policy, asker, period)
);

-- What is left of a budget's period or a breaker's window, cut in slices so that many may draw on it at once.
-- The slices always sum to the limit less what was spent: none is overdrawn, and they are evened out when one is short.
CREATE TABLE IF NOT EXISTS allowance (
    policy       text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('budget', 'breaker')),
    since        timestamptz NOT NULL,             -- beginning of the period or window
    slice        smallint NOT NULL,
    limit_minor  bigint NOT NULL,                  -- of the whole
    left_minor   bigint NOT NULL,                  -- of this slice
    PRIMARY KEY (policy, kind, since, slice)
) WITH (fillfactor = 50);

-- Draws an amount on an allowance; whether it could. Exact: what was drawn never passes the limit, and nobody is
-- turned away while committed remainders would do. Locks one slice nobody else holds, else all in order.
CREATE OR REPLACE FUNCTION draw(of_policy text, of_kind text, at_since timestamptz, most bigint, amount bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    slices constant smallint := 16;
    known bigint;
    remaining bigint;
BEGIN
    UPDATE goldline.allowance a SET left_minor = a.left_minor - amount
    WHERE (a.policy, a.kind, a.since, a.slice) = (
        SELECT b.policy, b.kind, b.since, b.slice FROM goldline.allowance b
        WHERE b.policy = of_policy AND b.kind = of_kind AND b.since = at_since
          AND b.left_minor >= amount AND b.limit_minor = most
        ORDER BY (b.slice + pg_backend_pid()) % slices LIMIT 1 FOR UPDATE SKIP LOCKED);
    IF FOUND THEN
        RETURN true;
    END IF;
    SELECT max(a.limit_minor), sum(a.left_minor) INTO known, remaining FROM goldline.allowance a
    WHERE a.policy = of_policy AND a.kind = of_kind AND a.since = at_since;
    IF known IS NULL THEN
        INSERT INTO goldline.allowance (policy, kind, since, slice, limit_minor, left_minor)
        SELECT of_policy, of_kind, at_since, n, most, most / slices + (n < most % slices)::int
        FROM generate_series(0, slices - 1) n ORDER BY n ON CONFLICT DO NOTHING;
    ELSIF remaining + most - known < amount THEN
        RETURN false;  -- what others draw meanwhile can only leave less
    END IF;
    PERFORM FROM goldline.allowance a WHERE a.policy = of_policy AND a.kind = of_kind AND a.since = at_since
    ORDER BY a.slice FOR UPDATE;
    SELECT max(a.limit_minor), sum(a.left_minor) INTO known, remaining FROM goldline.allowance a
    WHERE a.policy = of_policy AND a.kind = of_kind AND a.since = at_since;
    remaining := remaining + most - known;
    IF remaining < amount THEN
        amount := NULL;
    ELSE
        remaining := remaining - amount;
    END IF;
    UPDATE goldline.allowance a SET limit_minor = most, left_minor = CASE
        WHEN remaining < 0 THEN CASE WHEN a.slice = 0 THEN remaining ELSE 0 END
        ELSE remaining / slices + (a.slice < remaining % slices)::int END
    WHERE a.policy = of_policy AND a.kind = of_kind AND a.since = at_since;
    RETURN amount IS NOT NULL;
END $$;

-- Grants an amount under every limit that is not null, or says which is reached: 'exposure', 'budget', 'breaker'.
-- Nothing is drawn then. A breaker that is passed trips, and stays so until a person releases it.
CREATE OR REPLACE FUNCTION grant_amount(
    of_policy text, who text, amount bigint, now_at timestamptz,
    exposure_since date, exposure_limit bigint, budget_since date, budget_limit bigint,
    breaker_window interval, breaker_limit bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    window_from timestamptz;
    tripped timestamptz;
BEGIN
    IF breaker_limit IS NOT NULL THEN
        SELECT b.tripped_at, b.window_start INTO tripped, window_from FROM goldline.breaker b
        WHERE b.policy = of_policy;
        IF tripped IS NOT NULL THEN
            RETURN 'breaker';
        END IF;
        -- Windows follow each other from the last release on.
        window_from := date_bin(breaker_window, now_at, coalesce(window_from, timestamptz '2000-01-01Z'));
    END IF;
    IF exposure_limit IS NOT NULL THEN
        INSERT INTO goldline.exposure AS e (policy, asker, period, spent_minor)
        SELECT of_policy, who, exposure_since, amount WHERE amount <= exposure_limit
        ON CONFLICT (policy, asker, period) DO UPDATE SET spent_minor = e.spent_minor + amount
        WHERE e.spent_minor + amount <= exposure_limit;
        IF NOT FOUND THEN
            RETURN 'exposure';
        END IF;
    END IF;
    BEGIN
        IF budget_limit IS NOT NULL
           AND NOT goldline.draw(of_policy, 'budget', budget_since::timestamp AT TIME ZONE 'UTC', budget_limit, amount)
        THEN
            RAISE EXCEPTION 'budget' USING ERRCODE = 'GL001';
        END IF;
        IF breaker_limit IS NOT NULL AND NOT goldline.draw(of_policy, 'breaker', window_from, breaker_limit, amount)
        THEN
            RAISE EXCEPTION 'breaker' USING ERRCODE = 'GL001';
        END IF;
        RETURN NULL;
    EXCEPTION WHEN SQLSTATE 'GL001' THEN
        IF exposure_limit IS NOT NULL THEN
            UPDATE goldline.exposure e SET spent_minor = e.spent_minor - amount
            WHERE e.policy = of_policy AND e.asker = who AND e.period = exposure_since;
        END IF;
        IF SQLERRM = 'breaker' THEN
            INSERT INTO goldline.breaker AS b (policy, window_start, tripped_at, why)
            VALUES (of_policy, window_from, now_at, 'answers in the window passed the limit')
            ON CONFLICT (policy) DO UPDATE SET tripped_at = excluded.tripped_at, why = excluded.why
            WHERE b.tripped_at IS NULL;
        END IF;
        RETURN SQLERRM;
    END;
END $$;
