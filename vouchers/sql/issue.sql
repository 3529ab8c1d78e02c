-- Issue one voucher, or ask for it, under the limits of the day.
SELECT r.outcome, r.detail, r.at, (r.voucher).*
  FROM voucher_issue(
    %(owner)s, %(public_id)s, %(reference)s, %(hmac)s, %(key_id)s, %(last4)s,
    %(sealed)s, %(amount)s, %(currency)s, %(days)s, %(is_pending)s, %(issuer_cap)s,
    %(customer_cap)s,
    ROW(%(actor_kind)s, %(actor_id)s, %(channel)s, %(device)s, %(may_know)s,
        %(correlation_id)s, %(key)s, %(fingerprint)s)::voucher_cause) r
