// What the script's modules exchange. The API of a page is in guardian.d.ts.

import type { Accounts, SignOutFields as Options, SignOutScope, SignedOut, User } from "./guardian.d.ts";

export type { Options };

/** A sign-out that concerns the page's user, in the server's words. */
export interface Notice {
  scope: SignOutScope;
  reason: string;
  is_current: boolean;
  events: string[];
}

/** Why a call failed: the server's word. */
export interface Failure {
  error: string;
  /** Whether this browser is signed out all the same. */
  signed_out_here?: boolean;
  /** Where the user must first confirm who they are. */
  url?: string;
  message?: string;
}

/** What came back from the server: a value, or why there is none. */
export type Outcome<T> = { value: T; failure?: undefined } | { value?: undefined; failure: Failure };

/** What one tab tells the others. The server decides. */
export type Hint =
  /** This session is the one that the browser has now. */
  | [type: "session", session: string | null]
  /** Sessions have ended. */
  | [type: "signed_out", notice: Notice]
  /** A sign-out of this browser is pending: the server could not be reached. */
  | [type: "pending", options: Options]
  /** It has been reached. */
  | [type: "settled"]
  /** The tab with the stream has heard the server. */
  | [type: "alive"];

/** A request of this page's own: a sign-out, or a switch to another account. */
export interface Call {
  /** Below zero for one that sends a pending sign-out again. */
  id: number;
  /** What a sign-out should do, until it is answered. A switch has only its id. */
  options?: Options;
  /** The session that the page showed when it was sent. */
  here?: string | null;
  endsHere?: boolean;
  /** Whether the page has gone on without the response. */
  isLate?: boolean;
  /** Whether the cookie for this sign-out has been seen. */
  isKept?: boolean;
}

/** A question to the server: who is signed in? */
export interface Question {
  /** A later one, or what the page has shown since, makes the response worthless. */
  number: number;
  /**
   * Why it is asked: after a sign-out in place, after another tab has sent the pending sign-out, or
   * before a page from the back/forward cache is shown.
   */
  purpose?: "next" | "settle" | "confirm";
  /** The call to complete with the response, and its value. */
  call?: { id: number; value: SignedOut };
  /** The session that the marker cookie named when it was asked. */
  marker: string | null;
}

/** Everything that the page knows. */
export interface State {
  /** The signed-in user; null for nobody, undefined for not known. */
  active: User | null | undefined;
  others: User[];
  /** The sign-out after which nobody is signed in here, but whose session has yet to end. */
  pending: (Failure & { options: Options }) | null;
  /** Whether its cookie has been seen. Some browsers refuse it. */
  isKept: boolean;
  /** Counts what is asked and shown, so that a late answer undoes nothing newer. */
  latest: number;
  /** The page's own requests under way. Until they are done it is quiet: they may be what it hears of. */
  calls: Call[];
  /** The calls that wait until it is known who is signed in. */
  waiting: number[];
  /** What was heard meanwhile. */
  heldNotices: Notice[];
  /** Whether it was time meanwhile to ask who is signed in. */
  isQuestionHeld: boolean;
  /** The ids of the events that have been told. */
  toldEvents: string[];
  /** The session whose end has been told. */
  toldSession: string | null;
  /** Why the user was last signed out, if the page heard of it. */
  reason: string | null;
  /** Since when another page is being loaded, in milliseconds of the page's life. */
  leftAt: number | null;
  /** The id of the user whom the page was last made for: none once what only they may see is removed. */
  owner: string | null;
  /** The session that the browser's marker cookie named last: "" before the page has looked. */
  marker: string | null;
  /** What it named when the page asked the question that the server has answered last. */
  checkedMarker: string | null;
  /** Whether the page is in the back/forward cache, or not confirmed yet. */
  isAway: boolean;
  retry: { isWaiting: boolean; pauseMs: number };
  stream: {
    /** The session to follow. */
    session: string | null;
    pauseMs: number;
  };
}

/** What comes with every event. */
export interface Surroundings {
  /** In milliseconds of the page's life: a clock that nobody sets. */
  now: number;
  /** The pending sign-out, if this browser has its cookie. */
  kept: Options | null;
  /** The address of the sign-in page, if the page needs a user. */
  signInUrl: string | null;
  /** The session that the browser's marker cookie names. */
  marker: string | null;
  /** The way back to this page: path, query and fragment. */
  here: string;
}

/** What can happen to a page, with what its transition needs to know. */
interface Events {
  started: [accounts: Accounts | null | undefined];
  /** Ask who is signed in. */
  refresh: [id?: number];
  /** The server has said who is signed in. */
  answered: [question: Question, outcome: Outcome<Accounts | null>];
  signOut: [id: number, options: Options];
  /** The server has not responded in time. */
  late: [id: number];
  signedOut: [id: number, outcome: Outcome<SignedOut>];
  switchAccount: [id: number, session: string];
  switched: [id: number, outcome: Outcome<Accounts>];
  retry: [];
  /** Another tab has said something. */
  hint: [hint: Hint, isSecond?: boolean];
  /** The server's stream has begun. */
  streamSession: [session: string];
  streamNotice: [notice: Notice];
  streamRefused: [];
  reopen: [];
  online: [];
  /** A person looks at the page again. */
  looked: [];
  /** The page's elements have changed, or its cookies. */
  changed: [];
  hidden: [];
  /** From the back/forward cache. */
  restored: [];
}

/** A name and the details. */
type Named<T extends Record<keyof T, unknown[]>> = { [Name in keyof T]: [name: Name, ...details: T[Name]] }[keyof T];

export type Event = Named<Events>;

export type Transitions<Draft> = { [Name in keyof Events]: (page: Draft, ...details: Events[Name]) => void };

export type Dispatch = (...event: Event) => void;

/** What the page must do. */
interface Effects {
  /** Call a function of the server, and dispatch an event with its outcome. */
  post: [name: string, fields: Record<string, string> | URLSearchParams, ...event: unknown[]];
  /** Settle the promise of a call of the API. */
  finish: [id: number, outcome: Outcome<unknown>];
  /** Dispatch an event later. */
  wait: [ms: number, ...event: Event];
  tellTabs: Hint;
  /** Tell the app that a sign-out concerns the page's user. */
  notify: [notice: Notice];
  /** Keep a sign-out until the server can be reached. */
  remember: [options: Options];
  forget: [];
  /** Show lists of sessions again, because the sessions may have changed, also elsewhere. */
  check: [];
  /** Load a page as a new document: this one, unless another is given. */
  loadPage: [url: string | undefined];
  /** Follow what happens to a session, unless another tab does. */
  follow: [session: string | null];
}

export type Effect = Named<Effects>;

export type Browser = { [Name in keyof Effects]: (...details: Effects[Name]) => void };
