-- Deadlines: a rule in words, resolved once to an instant.
--
--   hours:N                     N hours of real time after the start, 1 to 8784; the zone is not read
--   same_day, same_day@HH:MM    started before the cut-off (16:00 unless stated): the end of that day, else of the next
--   next_day                    the end of the next day
--   days:N                      the end of the Nth day after the start's, 0 to 366
--   working_days:N[/CALENDAR]   the end of the Nth working day after the start's, 1 to 366
--
-- Days are local to the zone; the end of a day is 23:59:59, as the published rules say, to the second.
-- Where clocks are turned, the later reading holds, in favour of whoever must act: an end of day that happens twice
-- is the second one; one that is skipped is that long after the last moment before the gap, so the end of a day that
-- never was (Pacific/Apia, 30 December 2011) is the end of the next. The cut-off is compared on the local clock face.
-- Days a calendar does not hold are working days from Monday to Friday.
SET search_path = goldline;

-- The zones deadlines may name: IANA names, spelt exactly. Looked up here because pg_timezone_names reads files,
-- and AT TIME ZONE raises on a name it does not know.
CREATE TABLE IF NOT EXISTS time_zone (name text COLLATE "C" PRIMARY KEY);
INSERT INTO time_zone
SELECT name FROM pg_timezone_names
WHERE name !~ '^(posix|right)/' AND name NOT IN ('localtime', 'posixrules', 'Factory')
ON CONFLICT DO NOTHING;

-- One row: the zone of every deadline that names none.
CREATE TABLE IF NOT EXISTS marketplace (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    zone  text COLLATE "C" NOT NULL DEFAULT 'Asia/Shanghai' REFERENCES time_zone
);
INSERT INTO marketplace DEFAULT VALUES ON CONFLICT DO NOTHING;

CREATE INDEX IF NOT EXISTS calendar_day_working ON calendar_day (calendar, ordinal) WHERE working;

-- The Nth day from Monday to Friday after `start`.
CREATE OR REPLACE FUNCTION weekday_after(start date, n integer) RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (start - (extract(isodow FROM start)::integer - 1))
    + (least(extract(isodow FROM start)::integer - 1, 4) + n) / 5 * 7
    + (least(extract(isodow FROM start)::integer - 1, 4) + n) % 5;

-- The Nth working day after `start` by a calendar.
CREATE OR REPLACE FUNCTION working_day_after(of_calendar text, start date, n integer) RETURNS date
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    found_day date;
    left_over integer := n;
BEGIN
    -- Usual: the calendar holds both ends, and the ordinals answer at once.
    SELECT w.day INTO found_day
    FROM goldline.calendar_day s
    JOIN goldline.calendar_day w ON w.calendar = s.calendar AND w.working AND w.ordinal = s.ordinal + n
    WHERE s.calendar = of_calendar AND s.day = start;
    IF FOUND THEN
        RETURN found_day;
    END IF;
    -- The calendar says nothing about these days.
    found_day := goldline.weekday_after(start, n);
    IF NOT EXISTS (SELECT FROM goldline.calendar_day c
                   WHERE c.calendar = of_calendar AND c.day > start AND c.day <= found_day) THEN
        RETURN found_day;
    END IF;
    -- One end is outside: day by day. It ends, because a calendar does.
    found_day := start;
    WHILE left_over > 0 LOOP
        found_day := found_day + 1;
        IF coalesce((SELECT c.working FROM goldline.calendar_day c WHERE c.calendar = of_calendar AND c.day = found_day),
                    extract(isodow FROM found_day) < 6) THEN
            left_over := left_over - 1;
        END IF;
    END LOOP;
    RETURN found_day;
END $$;

-- Why `deadline` would give null, in a sentence; null when it would not. For intake and the doctor.
CREATE OR REPLACE FUNCTION deadline_problem(rule text, zone text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    named text := substring(rule FROM '/(.*)$');
BEGIN
    IF rule IS NULL THEN
        RETURN NULL;
    ELSIF rule ~ '^hours:[1-9][0-9]{0,3}$' THEN
        RETURN CASE WHEN substr(rule, 7)::integer > 8784
               THEN format('The deadline rule %L is longer than 8784 hours (a year).', rule) END;
    ELSIF rule ~ '^(working_)?days:[0-9]{1,3}(/|$)' AND substring(rule FROM ':([0-9]+)')::integer > 366 THEN
        RETURN format('The deadline rule %L is longer than 366 days.', rule);
    ELSIF rule !~ '^(same_day(@([01][0-9]|2[0-3]):[0-5][0-9])?|next_day|days:(0|[1-9][0-9]{0,2}))$'
          AND rule !~ '^working_days:[1-9][0-9]{0,2}(/[A-Za-z0-9_.-]{1,40})?$' THEN
        RETURN format('The deadline rule %L is not known: use hours:N, same_day, same_day@HH:MM, next_day, days:N, '
                      'working_days:N or working_days:N/CALENDAR.', left(rule, 80));
    ELSIF named <> 'default' AND NOT EXISTS (SELECT FROM goldline.calendar_day c WHERE c.calendar = named) THEN
        RETURN format('The calendar %L of the deadline rule is not loaded.', named);
    ELSIF zone IS NOT NULL AND NOT EXISTS (SELECT FROM goldline.time_zone t WHERE t.name = zone) THEN
        RETURN format('The time zone %L is not known: use an IANA name such as Asia/Shanghai.', left(zone, 80));
    END IF;
    RETURN NULL;
END $$;

-- Rules that end with a day. Null when there is a problem, never an error: a step must not stop for one order.
CREATE OR REPLACE FUNCTION end_of_day_deadline(rule text, start timestamptz, zone text) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    place text;
    local timestamp;
    day date;
BEGIN
    IF NOT isfinite(start) THEN
        RETURN start;
    END IF;
    IF zone IN ('Asia/Shanghai', 'UTC') THEN
        -- Every server knows these: a look-up would cost more than all the rest.
        place := zone;
        local := start AT TIME ZONE zone;
    ELSE
        SELECT t.name, start AT TIME ZONE t.name INTO place, local
        FROM goldline.time_zone t
        WHERE t.name = coalesce(zone, (SELECT m.zone FROM goldline.marketplace m));
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    day := local::date;
    -- The rules that most orders have need no check.
    IF rule = 'days:0' THEN
        RETURN (day + time '23:59:59') AT TIME ZONE place;
    ELSIF rule = 'next_day' THEN
        day := day + 1;
    ELSIF rule = 'same_day' THEN
        day := day + (local::time >= '16:00')::integer;
    ELSIF goldline.deadline_problem(rule, place) IS NOT NULL THEN
        RETURN NULL;
    ELSIF starts_with(rule, 'same_day@') THEN
        day := day + (local::time >= substr(rule, 10)::time)::integer;
    ELSIF starts_with(rule, 'days:') THEN
        day := day + substr(rule, 6)::integer;
    ELSE
        day := goldline.working_day_after(coalesce(substring(rule FROM '/(.*)$'), 'default'), day,
                                          substring(rule FROM ':([0-9]+)')::integer);
    END IF;
    RETURN (day + time '23:59:59') AT TIME ZONE place;
END $$;

-- By when, for a rule that starts to run at `start`; `zone` null is the marketplace's. One expression, so that the
-- planner inlines it: the rules in hours cost no function call.
CREATE OR REPLACE FUNCTION deadline(rule text, start timestamptz, zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN rule IS NULL OR start IS NULL THEN NULL
    WHEN rule = 'hours:48' THEN start + interval '48 hours'
    WHEN rule = 'hours:24' THEN start + interval '24 hours'
    WHEN starts_with(rule, 'hours:') THEN
        CASE WHEN rule ~ '^hours:[1-9][0-9]{0,3}$' THEN
            CASE WHEN substr(rule, 7)::integer <= 8784 THEN start + substr(rule, 7)::integer * interval '1 hour' END
        END
    ELSE end_of_day_deadline(rule, start, zone)
END;

-- The earliest of several rules: whatever was promised soonest counts.
CREATE OR REPLACE FUNCTION deadline(rules text[], start timestamptz, zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT min(goldline.deadline(each, start, zone)) FROM unnest(rules) AS each);
