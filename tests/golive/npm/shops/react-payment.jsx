// The Payment Brick of sdk-react, loaded with a route of its own.
import { Suspense, lazy } from 'react';
import { createRoot } from 'react-dom/client';

const Checkout = lazy(() => import('../parts/payment.jsx'));

createRoot(document.getElementById('root')).render(<Suspense fallback={<p>…</p>}><Checkout /></Suspense>);
