/** Studies networks, and tries the lectures' claims, off the page's thread. */
import { claims, usualEffort } from 'bptt/flow';
import type { FlowAnswer, FlowQuestion } from './flow-messages.ts';
import { studied } from './flow-setting.ts';

/** Fewer seeds than the command takes, so that one waits for a second and not for a minute. */
const EFFORT = { ...usualEffort, seeds: 3 };

const worker = self as unknown as {
  onmessage: (event: MessageEvent<FlowQuestion>) => void;
  postMessage(answer: FlowAnswer): void;
};

worker.onmessage = ({ data }) => {
  try {
    worker.postMessage(answerTo(data));
  } catch (error) {
    worker.postMessage({ id: data.id, kind: 'failed', why: error instanceof Error ? error.message : String(error) });
  }
};

function answerTo(question: FlowQuestion): FlowAnswer {
  const { id } = question;
  if (question.kind === 'study') {
    const { kind, setting } = question;
    return { id, kind, setting, study: studied(setting) };
  }
  const claim = claims.find(({ name }) => name === question.name);
  if (!claim) return { id, kind: 'failed', why: `no claim ${question.name}` };
  return { id, kind: 'claim', name: claim.name, evidence: claim.measure(EFFORT) };
}
