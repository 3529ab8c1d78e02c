-- Approve or decline a request.
SELECT r.outcome, r.detail, r.at, (r.voucher).*
  FROM voucher_decide(
    %(voucher)s, %(decision)s, %(hmac)s, %(key_id)s, %(last4)s, %(sealed)s,
    %(days)s, %(reason)s,
    ROW(%(actor_kind)s, %(actor_id)s, %(channel)s, %(device)s, %(may_know)s,
        %(correlation_id)s, %(key)s, %(fingerprint)s)::voucher_cause) r
