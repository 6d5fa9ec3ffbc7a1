/** The label that metrics of the network give to an HTTP status (spec 03 §4.7); 0 is no answer at all. */
export function statusClass(status: number): string {
  if (status === 0) return 'unknown';
  if (status === 208) return 'already_processed';
  if (status < 200) return 'informational';
  if (status < 300) return 'success';
  if (status < 400) return 'redirection';
  return status < 500 ? 'client-error' : 'server-error';
}
